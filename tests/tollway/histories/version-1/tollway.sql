BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0011');
CREATE TABLE "audit" (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	product TEXT NOT NULL, 
	operation TEXT NOT NULL, 
	client TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	issuer TEXT NOT NULL, 
	token_id TEXT NOT NULL, 
	address TEXT NOT NULL, 
	method TEXT NOT NULL, 
	path TEXT NOT NULL, 
	status INTEGER NOT NULL, 
	outcome VARCHAR(20) NOT NULL, 
	correlation_id TEXT NOT NULL, 
	idempotency_key TEXT NOT NULL, 
	body_sha256 VARCHAR(64) NOT NULL, 
	duration_ms FLOAT NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	kind VARCHAR(10) NOT NULL, 
	about TEXT NOT NULL, 
	said TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "audit" VALUES(1,'2026-11-21 14:34:07.763154','inbound','opportunityClosedWon','salesforce-flow','salesforce-flow','http://127.0.0.1:35151','1UiF3BsWnEwbx54e','127.0.0.1','POST','/inbound/v1/salesforce/opportunity-closed-won',202,'done','a67189f05e6a0a225ec1fffc','','3491f3d1b1755a8eed78fb7bc52a8ff73276b1d487ed53cfc9e6b74f5890265b',18.858,'f77963bbcac1fe0437de84b986e22cf5f3ddfcdb5f2cfc2150598528fa2e32dd','call','','');
INSERT INTO "audit" VALUES(2,'2026-11-21 14:34:07.765062','inbound','opportunityClosedWon','salesforce-flow','salesforce-flow','http://127.0.0.1:35151','ldEjkNW86hHlm9cK','127.0.0.1','POST','/inbound/v1/salesforce/opportunity-closed-won',202,'done','a9fdba6abf68923be2ff805d','','3a89db7f154db96606e05f4495e00ceb4e3c1bb48f1d488852202d8732e2e53c',52.211,'1e6569ef549796189e4667c5f3e6171013f108dbe2a4bbf279fba7c1fda8bf6a','call','','');
INSERT INTO "audit" VALUES(3,'2026-11-21 14:34:07.772747','inbound','opportunityClosedWon','salesforce-flow','salesforce-flow','http://127.0.0.1:35151','7CcVEI8WUw5s7FAn','127.0.0.1','POST','/inbound/v1/salesforce/opportunity-closed-won',202,'done','26f0f3963918134880657de0','','c854675e4daa3819bade22c06b06651c06d9fefb41d9459d6d3038bfec7685b0',44.646,'9312749587ab8c4811978f6ed56d2f06aea5b530c04ab95c9639f857a4537ecc','call','','');
INSERT INTO "audit" VALUES(4,'2026-11-21 14:34:07.773099','inbound','opportunityClosedWon','salesforce-flow','salesforce-flow','http://127.0.0.1:35151','I9U6AWfqzErAedsC','127.0.0.1','POST','/inbound/v1/salesforce/opportunity-closed-won',202,'done','5e2198987ff175d726934040','','9bd8818f28704d83176e8fde73d19bf2f178c2eeaf4e460d11997da4d73115a1',44.342,'a2332c0009c71cfc74500a011280c52f0a3f5ce25ab7f2ae40d3cb69b120e2ba','call','','');
INSERT INTO "audit" VALUES(5,'2026-11-21 14:34:07.773163','inbound','opportunityClosedWon','salesforce-flow','salesforce-flow','http://127.0.0.1:35151','2y2XIH3Fu7rqZmgK','127.0.0.1','POST','/inbound/v1/salesforce/opportunity-closed-won',202,'done','3a9ddb3a4ca9672cd0d1630d','','5b082076b00d0d406432208b7411c2ed138ac5b4f839f301455f077c6451e807',44.32,'25e4103927c7ddc1dd00f235d3bc097b533392163343a740829680bb67754007','call','','');
INSERT INTO "audit" VALUES(6,'2026-11-21 14:34:07.773211','inbound','opportunityClosedWon','salesforce-flow','salesforce-flow','http://127.0.0.1:35151','Y2xk5MxNXHPFUDJf','127.0.0.1','POST','/inbound/v1/salesforce/opportunity-closed-won',202,'done','704b31aa17ed9328208c63ed','','bc16fc9dabf84a3df8114751fcba9786025d9772a092f1c3d12fc33b158f4bb5',44.335,'a0eda12e2fb273f3ee9171b6a191d4652fb228fd0cc38d6a35bda6f494f269d7','call','','');
INSERT INTO "audit" VALUES(7,'2026-11-21 14:34:08.166522','','case.opened','','tollway','','','','','',0,'done','704b31aa17ed9328208c63ed','','',0.0,'6578eb39977a83de577ba4316c077c92ff686094b7e7e028fa3244f2e12305e0','deed','CASE-4532fcb4a1b6','{"sha256":"1ea9c0a458cc8754c43b055b00373169a82f46e550a8b3e7e560be7ed0b2e544"}');
INSERT INTO "audit" VALUES(8,'2026-11-21 14:34:08.906590','','effect.applied','','customer-onboarding:006ak0000000001AAA','','','','','',0,'done','a67189f05e6a0a225ec1fffc','','',0.0,'7755ee5925da951ed1dd7d51d9408a7eb2be110b95f4efe60f90157eadaf497c','deed','customer:NWC-US:001ak0000000001AAA','{"digest":"4da76c85b41344d59b92ce84f4eb17a0ff5d2a60b247f18a2e56811c344831a7","outcome":"applied"}');
INSERT INTO "audit" VALUES(9,'2026-11-21 14:34:08.990410','','effect.applied','','customer-onboarding:006ak0000000004AAA','','','','','',0,'done','3a9ddb3a4ca9672cd0d1630d','','',0.0,'8816782f811d3fd450177648bb19f5142f5a8d16135c0f627c0e728f129d085e','deed','customer:NWC-UK:001ak0000000005AAA','{"digest":"a8da25129382e30659eed6328cf02da5c8b076033ed11896f2e0ab6ab7ccd48e","outcome":"applied"}');
INSERT INTO "audit" VALUES(10,'2026-11-21 14:34:09.059886','','effect.applied','','customer-onboarding:006ak0000000002AAA','','','','','',0,'done','a9fdba6abf68923be2ff805d','','',0.0,'a4d2ca053166e04296e6aab5ec846c106655b873c3d2a7f9a4616df3b1093fab','deed','customer:NWC-US:001ak0000000002AAA','{"digest":"03130cf2155031e3bbe48b9bee9efce15957b620e14e00536c94d890a8b6a581","outcome":"applied"}');
INSERT INTO "audit" VALUES(11,'2026-11-21 14:34:09.075836','','effect.applied','','customer-onboarding:006ak0000000006AAA','','','','','',0,'done','5e2198987ff175d726934040','','',0.0,'f2028e1257b8e50d29e91214011895ef177c4be356ed90cb2a63f66c3bed0572','deed','customer:NWC-US:001ak0000000007AAA','{"digest":"a67b6a738fab69f7c1667e4b8854d76def545f48e4d82a83761d0b8c712573ec","outcome":"applied"}');
CREATE TABLE audit_head (
	chain VARCHAR(10) NOT NULL, 
	position INTEGER NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (chain)
);
INSERT INTO "audit_head" VALUES('audit',11,'f2028e1257b8e50d29e91214011895ef177c4be356ed90cb2a63f66c3bed0572');
CREATE TABLE billing_claims (
	item_id VARCHAR(200) NOT NULL, 
	reference VARCHAR(120) NOT NULL, 
	project_number VARCHAR(120) NOT NULL, 
	amount VARCHAR(40) NOT NULL, 
	claimed_at DATETIME NOT NULL, 
	PRIMARY KEY (item_id)
);
CREATE TABLE billing_runs (
	reference VARCHAR(120) NOT NULL, 
	process_id VARCHAR(200) NOT NULL, 
	project_number VARCHAR(120) NOT NULL, 
	legal_entity VARCHAR(40) NOT NULL, 
	invoice TEXT NOT NULL, 
	started_at DATETIME NOT NULL, 
	PRIMARY KEY (reference), 
	UNIQUE (process_id)
);
CREATE TABLE case_events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	case_id VARCHAR(40) NOT NULL, 
	at DATETIME NOT NULL, 
	"by" VARCHAR(200) NOT NULL, 
	did VARCHAR(40) NOT NULL, 
	detail TEXT NOT NULL
);
INSERT INTO "case_events" VALUES(1,'CASE-4532fcb4a1b6','2026-11-21 14:34:08.165138','tollway','opened','The deal ''Adventure Works: quick scan'' cannot be onboarded: The account has no tax registration and is not marked tax exempt.');
CREATE TABLE case_matters (
	subject VARCHAR(200) NOT NULL, 
	legal_entity VARCHAR(40) NOT NULL, 
	amount VARCHAR(40), 
	currency VARCHAR(3), 
	PRIMARY KEY (subject)
);
INSERT INTO "case_matters" VALUES('006ak0000000001AAA','NWC-US','60000.00','USD');
INSERT INTO "case_matters" VALUES('006ak0000000005AAA','NWC-US','12500.00','USD');
INSERT INTO "case_matters" VALUES('006ak0000000003AAA','NWC-UK','75000.00','GBP');
INSERT INTO "case_matters" VALUES('006ak0000000004AAA','NWC-UK','21680.00','GBP');
INSERT INTO "case_matters" VALUES('006ak0000000002AAA','NWC-US','55200.00','USD');
INSERT INTO "case_matters" VALUES('006ak0000000006AAA','NWC-US','21000.00','USD');
INSERT INTO "case_matters" VALUES('PRJ-006ak0000000001AAA','NWC-US','60000.00','USD');
INSERT INTO "case_matters" VALUES('PRJ-006ak0000000004AAA','NWC-UK','21680.00','GBP');
INSERT INTO "case_matters" VALUES('PRJ-006ak0000000006AAA','NWC-US','21000.00','USD');
CREATE TABLE case_overlays (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	case_id VARCHAR(40) NOT NULL, 
	object_id VARCHAR(120) NOT NULL, 
	edits JSON NOT NULL, 
	source_digest VARCHAR(64) NOT NULL, 
	"by" VARCHAR(200) NOT NULL, 
	at DATETIME NOT NULL, 
	voided_at DATETIME
);
CREATE TABLE case_skips (
	process_id VARCHAR(200) NOT NULL, 
	step VARCHAR(60) NOT NULL, 
	case_id VARCHAR(40) NOT NULL, 
	"by" VARCHAR(200) NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (process_id, step)
);
CREATE TABLE cases (
	id VARCHAR(40) NOT NULL, 
	process VARCHAR(60) NOT NULL, 
	process_id VARCHAR(200) NOT NULL, 
	subject VARCHAR(200) NOT NULL, 
	category VARCHAR(60) NOT NULL, 
	owner_role VARCHAR(60) NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	summary TEXT NOT NULL, 
	remedy TEXT NOT NULL, 
	findings JSON NOT NULL, 
	evidence JSON NOT NULL, 
	correlation_id VARCHAR(100) NOT NULL, 
	occurrences INTEGER NOT NULL, 
	opened_at DATETIME NOT NULL, 
	due_at DATETIME NOT NULL, 
	closed_at DATETIME, 
	closed_by VARCHAR(200), severity VARCHAR(20) DEFAULT 'normal' NOT NULL, legal_entity VARCHAR(40) DEFAULT '' NOT NULL, amount VARCHAR(40), currency VARCHAR(3), assignee VARCHAR(200) DEFAULT '' NOT NULL, escalated_to VARCHAR(60), wakes_at DATETIME, escalates_at DATETIME, hand VARCHAR(32), 
	PRIMARY KEY (id)
);
INSERT INTO "cases" VALUES('CASE-4532fcb4a1b6','customer-onboarding','customer-onboarding:006ak0000000005AAA','006ak0000000005AAA','missing_tax_registration','sales_operations','open','The deal ''Adventure Works: quick scan'' cannot be onboarded: The account has no tax registration and is not marked tax exempt.','Enter the customer''s tax registration on the account in the CRM, or mark it tax exempt, then retry.','[{"field": "account.tax_registration", "message": "The account has no tax registration and is not marked tax exempt.", "category": "missing_tax_registration"}]','{"problem": "rejected", "said": "The deal ''Adventure Works: quick scan'' cannot be onboarded: The account has no tax registration and is not marked tax exempt."}','704b31aa17ed9328208c63ed',1,'2026-11-21 14:34:08.160677','2026-11-21 22:34:08.160677',NULL,NULL,'normal','NWC-US','12500.00','USD','',NULL,NULL,'2026-11-21 22:34:08.160677',NULL);
CREATE TABLE cursors (
	name VARCHAR(120) NOT NULL, 
	moment DATETIME NOT NULL, 
	"after" VARCHAR(120) NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "cursors" VALUES('won-deals','2026-11-21 14:34:07.247458','');
INSERT INTO "cursors" VALUES('approved-work','2026-11-21 14:34:07.267706','');
INSERT INTO "cursors" VALUES('invoices:NWC-US','2026-11-21 14:34:07.325473','');
INSERT INTO "cursors" VALUES('invoices:NWC-UK','2026-11-21 14:34:07.311656','');
CREATE TABLE customer_choices (
	legal_entity VARCHAR(40) NOT NULL, 
	account_id VARCHAR(120) NOT NULL, 
	customer_id VARCHAR(120) NOT NULL, 
	case_id VARCHAR(40) NOT NULL, 
	"by" VARCHAR(200) NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (legal_entity, account_id)
);
CREATE TABLE drifts (
	id VARCHAR(200) NOT NULL, 
	kind VARCHAR(60) NOT NULL, 
	subject VARCHAR(200) NOT NULL, 
	found TEXT NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	handling VARCHAR(20) NOT NULL, 
	repairs INTEGER NOT NULL, 
	run_id VARCHAR(60) NOT NULL, 
	first_found_at DATETIME NOT NULL, 
	last_found_at DATETIME NOT NULL, 
	closed_at DATETIME, 
	PRIMARY KEY (id)
);
CREATE TABLE effects (
	identity VARCHAR(200) NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	outcome VARCHAR(20) NOT NULL, 
	attempts INTEGER NOT NULL, 
	result TEXT, 
	reason TEXT, 
	process_id VARCHAR(200) NOT NULL, 
	correlation_id VARCHAR(100) NOT NULL, 
	intended_at DATETIME NOT NULL, 
	settled_at DATETIME, wanted TEXT, holder VARCHAR(32), held_until FLOAT, 
	PRIMARY KEY (identity)
);
INSERT INTO "effects" VALUES('customer:NWC-US:001ak0000000001AAA','2b8f4ed7b35344b350a88ec51a2b26b2add32d040c250b7f90ae14ab8fdc70e5','4da76c85b41344d59b92ce84f4eb17a0ff5d2a60b247f18a2e56811c344831a7','applied',1,'{"id":"1","number":"ACC-001ak0000000001AAA-NWC-US","name":"Fabrikam Inc","legal_entity":"NWC-US","account_id":"001ak0000000001AAA","tax_registration":"47-2030405","balance":{"amount":"0.00","currency":"USD"}}',NULL,'customer-onboarding:006ak0000000001AAA','a67189f05e6a0a225ec1fffc','2026-11-21 14:34:08.374225','2026-11-21 14:34:08.892133','{"account_id":"001ak0000000001AAA","legal_entity":"NWC-US","name":"Fabrikam Inc","currency":"USD","payment_days":30,"billing_address":{"street":"1 Market Street","city":"Oakland","postal_code":"10001","region":"CA","country":"US"},"tax_registration":"47-2030405"}',NULL,NULL);
INSERT INTO "effects" VALUES('customer:NWC-UK:001ak0000000004AAA','2ea3212e98dd7dd741647842e666026dcd73eb27c267e488de4baa7e056e892b','851396c09b52a04886e3431f0b1b6bdcc10f7b66b518133e97a29e244efc0b3b','intended',0,NULL,NULL,'customer-onboarding:006ak0000000003AAA','26f0f3963918134880657de0','2026-11-21 14:34:08.452417',NULL,'{"account_id":"001ak0000000004AAA","legal_entity":"NWC-UK","name":"Albion Insurance plc","currency":"GBP","payment_days":30,"billing_address":{"street":"1 Market Street","city":"London","postal_code":"10001","country":"GB"},"tax_registration":"GB232457323","parent_account_id":"001ak0000000003AAA"}','b6fcfe38fab7b508616d9d7c91a23419',1.79527165845299434667e+09);
INSERT INTO "effects" VALUES('customer:NWC-UK:001ak0000000005AAA','a6fc77d7e6c154f38da31234aec9950cb02bfec73499767e02e94375983585f6','a8da25129382e30659eed6328cf02da5c8b076033ed11896f2e0ab6ab7ccd48e','applied',1,'{"id":"2","number":"ACC-001ak0000000005AAA-NWC-UK","name":"Thames Logistics Ltd","legal_entity":"NWC-UK","account_id":"001ak0000000005AAA","tax_registration":"GB232457280","balance":{"amount":"0.00","currency":"GBP"}}',NULL,'customer-onboarding:006ak0000000004AAA','3a9ddb3a4ca9672cd0d1630d','2026-11-21 14:34:08.465990','2026-11-21 14:34:08.983354','{"account_id":"001ak0000000005AAA","legal_entity":"NWC-UK","name":"Thames Logistics Ltd","currency":"GBP","payment_days":15,"billing_address":{"street":"1 Market Street","city":"Reading","postal_code":"10001","country":"GB"},"tax_registration":"GB232457280"}',NULL,NULL);
INSERT INTO "effects" VALUES('customer:NWC-US:001ak0000000002AAA','70d0a773966f5b570a1b0dd6fcc2548040aeb24661fdad83e5ffdd74ecd2f018','03130cf2155031e3bbe48b9bee9efce15957b620e14e00536c94d890a8b6a581','applied',1,'{"id":"3","number":"ACC-001ak0000000002AAA-NWC-US","name":"Contoso Ltd","legal_entity":"NWC-US","account_id":"001ak0000000002AAA","tax_registration":"94-1156365","balance":{"amount":"0.00","currency":"USD"}}',NULL,'customer-onboarding:006ak0000000002AAA','a9fdba6abf68923be2ff805d','2026-11-21 14:34:08.531393','2026-11-21 14:34:09.044226','{"account_id":"001ak0000000002AAA","legal_entity":"NWC-US","name":"Contoso Ltd","currency":"USD","payment_days":45,"billing_address":{"street":"1 Market Street","city":"Austin","postal_code":"10001","region":"TX","country":"US"},"tax_registration":"94-1156365"}',NULL,NULL);
INSERT INTO "effects" VALUES('customer:NWC-US:001ak0000000007AAA','489cb861ef6581b9a9b92eccc23aeccca04acbfa5c6ac21f50be2e14b67b2806','a67b6a738fab69f7c1667e4b8854d76def545f48e4d82a83761d0b8c712573ec','applied',1,'{"id":"4","number":"ACC-001ak0000000007AAA-NWC-US","name":"Litware Incorporated","legal_entity":"NWC-US","account_id":"001ak0000000007AAA","tax_registration":"36-2170433","balance":{"amount":"0.00","currency":"USD"}}',NULL,'customer-onboarding:006ak0000000006AAA','5e2198987ff175d726934040','2026-11-21 14:34:08.544061','2026-11-21 14:34:09.064855','{"account_id":"001ak0000000007AAA","legal_entity":"NWC-US","name":"Litware Incorporated","currency":"USD","payment_days":30,"billing_address":{"street":"1 Market Street","city":"Denver","postal_code":"10001","region":"CO","country":"US"},"tax_registration":"36-2170433"}',NULL,NULL);
INSERT INTO "effects" VALUES('erp-project:PRJ-006ak0000000001AAA','4c3923de572777c45259c4a078d2034fbda04b272e2b08cea4894ee2b37bd94d','1a761ae788459a3187eab877391262d1d6c981e83f641f1fb079ee33dfe3d6f8','intended',0,NULL,NULL,'project-activation:006ak0000000001AAA','a67189f05e6a0a225ec1fffc','2026-11-21 14:34:08.953995',NULL,'{"number":"PRJ-006ak0000000001AAA","deal_id":"006ak0000000001AAA","account_id":"001ak0000000001AAA","name":"Fabrikam: ERP blueprint","legal_entity":"NWC-US","currency":"USD","contract_type":"fixed_fee","value":{"amount":"60000.00","currency":"USD"},"start":"2026-11-21","end":"2027-02-04","dimensions":{"service_line":"ADV","cost_centre":"ADV"}}','89da0821f63c686eaf4b9944d2db0c20',1.79527165895401740079e+09);
INSERT INTO "effects" VALUES('psa-project:PRJ-006ak0000000001AAA','d2814ec133fce4b2c86691660d2f7818017a280d993eda307af01a9e8c266aa9','1a761ae788459a3187eab877391262d1d6c981e83f641f1fb079ee33dfe3d6f8','intended',0,NULL,NULL,'project-activation:006ak0000000001AAA','a67189f05e6a0a225ec1fffc','2026-11-21 14:34:08.958345',NULL,'{"number":"PRJ-006ak0000000001AAA","deal_id":"006ak0000000001AAA","account_id":"001ak0000000001AAA","name":"Fabrikam: ERP blueprint","legal_entity":"NWC-US","currency":"USD","contract_type":"fixed_fee","value":{"amount":"60000.00","currency":"USD"},"start":"2026-11-21","end":"2027-02-04","dimensions":{"service_line":"ADV","cost_centre":"ADV"}}','59c77beaf2aed40c146bc16ad58a55ad',1.79527165895900630947e+09);
INSERT INTO "effects" VALUES('erp-project:PRJ-006ak0000000004AAA','6f2bd9abaabdde3a64ce5ef3c37e32e3f07b8ef900d8788ee36fe71a5319cfdb','def97a60316a1cb16e7f1c0f24e2296219939c48a63d33e5a9b265e84d88df3d','intended',0,NULL,NULL,'project-activation:006ak0000000004AAA','3a9ddb3a4ca9672cd0d1630d','2026-11-21 14:34:09.023045',NULL,'{"number":"PRJ-006ak0000000004AAA","deal_id":"006ak0000000004AAA","account_id":"001ak0000000005AAA","name":"Thames: managed service","legal_entity":"NWC-UK","currency":"GBP","contract_type":"time_and_materials","value":{"amount":"21680.00","currency":"GBP"},"start":"2026-11-21","end":"2027-02-04","dimensions":{"service_line":"MGS","cost_centre":"MGS"}}','329cb8b8603919416e8107e5c54f9fd6',1.79527165902301740645e+09);
INSERT INTO "effects" VALUES('psa-project:PRJ-006ak0000000004AAA','52d9dd9af2e566f834895fc0faca3a80e88e2522a63786606fd1299655ae510a','def97a60316a1cb16e7f1c0f24e2296219939c48a63d33e5a9b265e84d88df3d','intended',0,NULL,NULL,'project-activation:006ak0000000004AAA','3a9ddb3a4ca9672cd0d1630d','2026-11-21 14:34:09.029900',NULL,'{"number":"PRJ-006ak0000000004AAA","deal_id":"006ak0000000004AAA","account_id":"001ak0000000005AAA","name":"Thames: managed service","legal_entity":"NWC-UK","currency":"GBP","contract_type":"time_and_materials","value":{"amount":"21680.00","currency":"GBP"},"start":"2026-11-21","end":"2027-02-04","dimensions":{"service_line":"MGS","cost_centre":"MGS"}}','afcc6d3770aee826684e21cc7a432d65',1.79527165903098344804e+09);
CREATE TABLE engagements (
	deal_id VARCHAR(120) NOT NULL, 
	project_number VARCHAR(120) NOT NULL, 
	contract TEXT NOT NULL, 
	customer TEXT NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	started_at DATETIME NOT NULL, 
	activated_at DATETIME, 
	PRIMARY KEY (deal_id), 
	UNIQUE (project_number)
);
INSERT INTO "engagements" VALUES('006ak0000000001AAA','PRJ-006ak0000000001AAA','{"deal_id":"006ak0000000001AAA","name":"Fabrikam: ERP blueprint","account":{"id":"001ak0000000001AAA","name":"Fabrikam Inc","billing_address":{"street":"1 Market Street","city":"Oakland","postal_code":"10001","region":"CA","country":"US"},"tax_registration":"47-2030405","legal_entity":"NWC-US","currency":"USD"},"legal_entity":"NWC-US","currency":"USD","payment_days":30,"contract_type":"fixed_fee","value":{"amount":"60000.00","currency":"USD"},"start":"2026-11-21","end":"2027-02-04","dimensions":{"service_line":"ADV","cost_centre":"ADV"},"purchase_order":"PO-FABRIKAM","milestones":[{"id":"a10ak0000000001AAA","name":"Blueprint","amount":{"amount":"24000.00","currency":"USD"},"due":"2026-12-16"},{"id":"a10ak0000000002AAA","name":"Design sign-off","amount":{"amount":"36000.00","currency":"USD"},"due":"2027-01-10"}]}','{"id":"1","number":"ACC-001ak0000000001AAA-NWC-US","name":"Fabrikam Inc","legal_entity":"NWC-US","account_id":"001ak0000000001AAA","tax_registration":"47-2030405","balance":{"amount":"0.00","currency":"USD"}}','activating','2026-11-21 14:34:08.944734',NULL);
INSERT INTO "engagements" VALUES('006ak0000000004AAA','PRJ-006ak0000000004AAA','{"deal_id":"006ak0000000004AAA","name":"Thames: managed service","account":{"id":"001ak0000000005AAA","name":"Thames Logistics Ltd","billing_address":{"street":"1 Market Street","city":"Reading","postal_code":"10001","country":"GB"},"tax_registration":"GB232457280","legal_entity":"NWC-UK","currency":"GBP"},"legal_entity":"NWC-UK","currency":"GBP","payment_days":15,"contract_type":"time_and_materials","value":{"amount":"21680.00","currency":"GBP"},"start":"2026-11-21","end":"2027-02-04","dimensions":{"service_line":"MGS","cost_centre":"MGS"},"purchase_order":"PO-THAMES","rates":[{"role":"Consultant","hourly":{"amount":"135.50","currency":"GBP"},"planned_hours":"160.0"}]}','{"id":"2","number":"ACC-001ak0000000005AAA-NWC-UK","name":"Thames Logistics Ltd","legal_entity":"NWC-UK","account_id":"001ak0000000005AAA","tax_registration":"GB232457280","balance":{"amount":"0.00","currency":"GBP"}}','activating','2026-11-21 14:34:09.011057',NULL);
CREATE TABLE event_deliveries (
	subscription_id VARCHAR(40) NOT NULL, 
	position BIGINT NOT NULL, 
	subject VARCHAR(255) NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_at FLOAT NOT NULL, 
	reason TEXT NOT NULL, 
	failed_at DATETIME NOT NULL, 
	PRIMARY KEY (subscription_id, position)
);
CREATE TABLE event_head (
	name VARCHAR(20) NOT NULL, 
	position BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "event_head" VALUES('log',8);
CREATE TABLE event_subscriptions (
	id VARCHAR(40) NOT NULL, 
	owner VARCHAR(200) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	channel VARCHAR(20) NOT NULL, 
	url TEXT, 
	types JSON NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	reason TEXT NOT NULL, 
	secret TEXT NOT NULL, 
	previous_secret TEXT NOT NULL, 
	previous_until FLOAT NOT NULL, 
	position BIGINT NOT NULL, 
	rewound BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	position BIGINT, 
	event_id VARCHAR(64) NOT NULL, 
	type VARCHAR(80) NOT NULL, 
	subject VARCHAR(255) NOT NULL, 
	occurred_at DATETIME NOT NULL, 
	body TEXT NOT NULL, 
	UNIQUE (position), 
	UNIQUE (event_id)
);
INSERT INTO "events" VALUES(1,1,'e32602f1223696670aa7d5bb6694145c2bd3b21b','tollway.deal.taken_on.v1','006ak0000000001AAA','2026-11-21 14:34:07.865317','{"type":"tollway.deal.taken_on.v1","specversion":"1.0","id":"e32602f1223696670aa7d5bb6694145c2bd3b21b","source":"/tollway","subject":"006ak0000000001AAA","time":"2026-11-21T14:34:07.865317Z","datacontenttype":"application/json","dataschema":"/openapi/events.v1.asyncapi.json#/components/schemas/DealFacts","correlationid":"a67189f05e6a0a225ec1fffc","causationid":"customer-onboarding:006ak0000000001AAA","sequence":"00000000000000000000","data":{"deal_id":"006ak0000000001AAA","source":"salesforce:00D000000000001"}}');
INSERT INTO "events" VALUES(2,2,'b57770fa273d6e6682330ba5fcef13bd3b34c8de','tollway.deal.taken_on.v1','006ak0000000005AAA','2026-11-21 14:34:07.873444','{"type":"tollway.deal.taken_on.v1","specversion":"1.0","id":"b57770fa273d6e6682330ba5fcef13bd3b34c8de","source":"/tollway","subject":"006ak0000000005AAA","time":"2026-11-21T14:34:07.873444Z","datacontenttype":"application/json","dataschema":"/openapi/events.v1.asyncapi.json#/components/schemas/DealFacts","correlationid":"704b31aa17ed9328208c63ed","causationid":"customer-onboarding:006ak0000000005AAA","sequence":"00000000000000000000","data":{"deal_id":"006ak0000000005AAA","source":"salesforce:00D000000000001"}}');
INSERT INTO "events" VALUES(3,3,'3f2a5f8fe5f8de8a845a6973338fd609b0320a80','tollway.deal.taken_on.v1','006ak0000000003AAA','2026-11-21 14:34:07.911834','{"type":"tollway.deal.taken_on.v1","specversion":"1.0","id":"3f2a5f8fe5f8de8a845a6973338fd609b0320a80","source":"/tollway","subject":"006ak0000000003AAA","time":"2026-11-21T14:34:07.911834Z","datacontenttype":"application/json","dataschema":"/openapi/events.v1.asyncapi.json#/components/schemas/DealFacts","correlationid":"26f0f3963918134880657de0","causationid":"customer-onboarding:006ak0000000003AAA","sequence":"00000000000000000000","data":{"deal_id":"006ak0000000003AAA","source":"salesforce:00D000000000001"}}');
INSERT INTO "events" VALUES(4,4,'3a14b13c53919b10b49cbcb38e7d27a986124475','tollway.deal.taken_on.v1','006ak0000000004AAA','2026-11-21 14:34:07.936207','{"type":"tollway.deal.taken_on.v1","specversion":"1.0","id":"3a14b13c53919b10b49cbcb38e7d27a986124475","source":"/tollway","subject":"006ak0000000004AAA","time":"2026-11-21T14:34:07.936207Z","datacontenttype":"application/json","dataschema":"/openapi/events.v1.asyncapi.json#/components/schemas/DealFacts","correlationid":"3a9ddb3a4ca9672cd0d1630d","causationid":"customer-onboarding:006ak0000000004AAA","sequence":"00000000000000000000","data":{"deal_id":"006ak0000000004AAA","source":"salesforce:00D000000000001"}}');
INSERT INTO "events" VALUES(5,5,'980b72d82f97b257c069bfca2b5fdf9ea47361fe','tollway.deal.taken_on.v1','006ak0000000002AAA','2026-11-21 14:34:07.996563','{"type":"tollway.deal.taken_on.v1","specversion":"1.0","id":"980b72d82f97b257c069bfca2b5fdf9ea47361fe","source":"/tollway","subject":"006ak0000000002AAA","time":"2026-11-21T14:34:07.996563Z","datacontenttype":"application/json","dataschema":"/openapi/events.v1.asyncapi.json#/components/schemas/DealFacts","correlationid":"a9fdba6abf68923be2ff805d","causationid":"customer-onboarding:006ak0000000002AAA","sequence":"00000000000000000000","data":{"deal_id":"006ak0000000002AAA","source":"salesforce:00D000000000001"}}');
INSERT INTO "events" VALUES(6,6,'1fe1f28c808ea5d576aecbea4e212a77c1c5ab2a','tollway.deal.taken_on.v1','006ak0000000006AAA','2026-11-21 14:34:08.017139','{"type":"tollway.deal.taken_on.v1","specversion":"1.0","id":"1fe1f28c808ea5d576aecbea4e212a77c1c5ab2a","source":"/tollway","subject":"006ak0000000006AAA","time":"2026-11-21T14:34:08.017139Z","datacontenttype":"application/json","dataschema":"/openapi/events.v1.asyncapi.json#/components/schemas/DealFacts","correlationid":"5e2198987ff175d726934040","causationid":"customer-onboarding:006ak0000000006AAA","sequence":"00000000000000000000","data":{"deal_id":"006ak0000000006AAA","source":"salesforce:00D000000000001"}}');
INSERT INTO "events" VALUES(7,7,'8f068885464ca3504800a1c76ab3cdfdf62f7406','tollway.case.opened.v1','CASE-4532fcb4a1b6','2026-11-21 14:34:08.168557','{"type":"tollway.case.opened.v1","specversion":"1.0","id":"8f068885464ca3504800a1c76ab3cdfdf62f7406","source":"/tollway","subject":"CASE-4532fcb4a1b6","time":"2026-11-21T14:34:08.168557Z","datacontenttype":"application/json","dataschema":"/openapi/events.v1.asyncapi.json#/components/schemas/CaseFacts","correlationid":"704b31aa17ed9328208c63ed","causationid":"customer-onboarding:006ak0000000005AAA","sequence":"00000000000000000000","data":{"case_id":"CASE-4532fcb4a1b6","process":"customer-onboarding","process_id":"customer-onboarding:006ak0000000005AAA","subject":"006ak0000000005AAA","category":"missing_tax_registration","owner_role":"sales_operations","status":"open","summary":"The deal ''Adventure Works: quick scan'' cannot be onboarded: The account has no tax registration and is not marked tax exempt.","due_at":"2026-11-21T22:34:08.160677Z"}}');
INSERT INTO "events" VALUES(8,8,'d2b1f9eab6818dc4565202e1e6bc5aa415a5a01d','tollway.process.parked.v1','customer-onboarding:006ak0000000005AAA','2026-11-21 14:34:08.168582','{"type":"tollway.process.parked.v1","specversion":"1.0","id":"d2b1f9eab6818dc4565202e1e6bc5aa415a5a01d","source":"/tollway","subject":"customer-onboarding:006ak0000000005AAA","time":"2026-11-21T14:34:08.168582Z","datacontenttype":"application/json","dataschema":"/openapi/events.v1.asyncapi.json#/components/schemas/ProcessFacts","correlationid":"704b31aa17ed9328208c63ed","causationid":"customer-onboarding:006ak0000000005AAA","sequence":"00000000000000000000","data":{"process":"customer-onboarding","process_id":"customer-onboarding:006ak0000000005AAA","subject":"006ak0000000005AAA"}}');
INSERT INTO "events" VALUES(9,NULL,'ce8e5040a46cbd3c453106cd9ba3eedcf0e65e29','tollway.customer.onboarded.v1','001ak0000000001AAA','2026-11-21 14:34:08.897703','{"type":"tollway.customer.onboarded.v1","specversion":"1.0","id":"ce8e5040a46cbd3c453106cd9ba3eedcf0e65e29","source":"/tollway","subject":"001ak0000000001AAA","time":"2026-11-21T14:34:08.897703Z","datacontenttype":"application/json","dataschema":"/openapi/events.v1.asyncapi.json#/components/schemas/CustomerFacts","correlationid":"a67189f05e6a0a225ec1fffc","causationid":"customer-onboarding:006ak0000000001AAA","sequence":"00000000000000000000","data":{"account_id":"001ak0000000001AAA","legal_entity":"NWC-US","number":"ACC-001ak0000000001AAA-NWC-US","name":"Fabrikam Inc"}}');
INSERT INTO "events" VALUES(10,NULL,'78937e533165b58ea05bd1ffd5e57b11ad1a7310','tollway.process.finished.v1','customer-onboarding:006ak0000000001AAA','2026-11-21 14:34:08.936440','{"type":"tollway.process.finished.v1","specversion":"1.0","id":"78937e533165b58ea05bd1ffd5e57b11ad1a7310","source":"/tollway","subject":"customer-onboarding:006ak0000000001AAA","time":"2026-11-21T14:34:08.936440Z","datacontenttype":"application/json","dataschema":"/openapi/events.v1.asyncapi.json#/components/schemas/ProcessFacts","correlationid":"a67189f05e6a0a225ec1fffc","causationid":"customer-onboarding:006ak0000000001AAA","sequence":"00000000000000000000","data":{"process":"customer-onboarding","process_id":"customer-onboarding:006ak0000000001AAA","subject":"006ak0000000001AAA"}}');
INSERT INTO "events" VALUES(11,NULL,'296bb3a60dbf48d64da33a04f9d5364a99543c41','tollway.customer.onboarded.v1','001ak0000000005AAA','2026-11-21 14:34:08.986217','{"type":"tollway.customer.onboarded.v1","specversion":"1.0","id":"296bb3a60dbf48d64da33a04f9d5364a99543c41","source":"/tollway","subject":"001ak0000000005AAA","time":"2026-11-21T14:34:08.986217Z","datacontenttype":"application/json","dataschema":"/openapi/events.v1.asyncapi.json#/components/schemas/CustomerFacts","correlationid":"3a9ddb3a4ca9672cd0d1630d","causationid":"customer-onboarding:006ak0000000004AAA","sequence":"00000000000000000000","data":{"account_id":"001ak0000000005AAA","legal_entity":"NWC-UK","number":"ACC-001ak0000000005AAA-NWC-UK","name":"Thames Logistics Ltd"}}');
INSERT INTO "events" VALUES(12,NULL,'f0ae91e864645d3eb3af2182528b9baf3b02b9ee','tollway.process.finished.v1','customer-onboarding:006ak0000000004AAA','2026-11-21 14:34:09.004008','{"type":"tollway.process.finished.v1","specversion":"1.0","id":"f0ae91e864645d3eb3af2182528b9baf3b02b9ee","source":"/tollway","subject":"customer-onboarding:006ak0000000004AAA","time":"2026-11-21T14:34:09.004008Z","datacontenttype":"application/json","dataschema":"/openapi/events.v1.asyncapi.json#/components/schemas/ProcessFacts","correlationid":"3a9ddb3a4ca9672cd0d1630d","causationid":"customer-onboarding:006ak0000000004AAA","sequence":"00000000000000000000","data":{"process":"customer-onboarding","process_id":"customer-onboarding:006ak0000000004AAA","subject":"006ak0000000004AAA"}}');
INSERT INTO "events" VALUES(13,NULL,'18b7c02568b64b416fb9c88506b59dbebbff2171','tollway.customer.onboarded.v1','001ak0000000002AAA','2026-11-21 14:34:09.052303','{"type":"tollway.customer.onboarded.v1","specversion":"1.0","id":"18b7c02568b64b416fb9c88506b59dbebbff2171","source":"/tollway","subject":"001ak0000000002AAA","time":"2026-11-21T14:34:09.052303Z","datacontenttype":"application/json","dataschema":"/openapi/events.v1.asyncapi.json#/components/schemas/CustomerFacts","correlationid":"a9fdba6abf68923be2ff805d","causationid":"customer-onboarding:006ak0000000002AAA","sequence":"00000000000000000000","data":{"account_id":"001ak0000000002AAA","legal_entity":"NWC-US","number":"ACC-001ak0000000002AAA-NWC-US","name":"Contoso Ltd"}}');
INSERT INTO "events" VALUES(14,NULL,'2f40e9679c43fa308d3e5ad6583890c51777143a','tollway.customer.onboarded.v1','001ak0000000007AAA','2026-11-21 14:34:09.071447','{"type":"tollway.customer.onboarded.v1","specversion":"1.0","id":"2f40e9679c43fa308d3e5ad6583890c51777143a","source":"/tollway","subject":"001ak0000000007AAA","time":"2026-11-21T14:34:09.071447Z","datacontenttype":"application/json","dataschema":"/openapi/events.v1.asyncapi.json#/components/schemas/CustomerFacts","correlationid":"5e2198987ff175d726934040","causationid":"customer-onboarding:006ak0000000006AAA","sequence":"00000000000000000000","data":{"account_id":"001ak0000000007AAA","legal_entity":"NWC-US","number":"ACC-001ak0000000007AAA-NWC-US","name":"Litware Incorporated"}}');
INSERT INTO "events" VALUES(15,NULL,'ff6a0e6a4c08075e48d62a9026cc3ed4513f9fa3','tollway.process.finished.v1','customer-onboarding:006ak0000000006AAA','2026-11-21 14:34:09.107502','{"type":"tollway.process.finished.v1","specversion":"1.0","id":"ff6a0e6a4c08075e48d62a9026cc3ed4513f9fa3","source":"/tollway","subject":"customer-onboarding:006ak0000000006AAA","time":"2026-11-21T14:34:09.107502Z","datacontenttype":"application/json","dataschema":"/openapi/events.v1.asyncapi.json#/components/schemas/ProcessFacts","correlationid":"5e2198987ff175d726934040","causationid":"customer-onboarding:006ak0000000006AAA","sequence":"00000000000000000000","data":{"process":"customer-onboarding","process_id":"customer-onboarding:006ak0000000006AAA","subject":"006ak0000000006AAA"}}');
CREATE TABLE idempotency_keys (
	id VARCHAR(64) NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	holder VARCHAR(32) NOT NULL, 
	held_until FLOAT NOT NULL, 
	expires_at FLOAT NOT NULL, 
	answer TEXT, 
	PRIMARY KEY (id)
);
CREATE TABLE kept_plans (
	project_number VARCHAR(120) NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	"plan" TEXT NOT NULL, 
	PRIMARY KEY (project_number, kind)
);
CREATE TABLE leases (
	name VARCHAR(200) NOT NULL, 
	holder VARCHAR(120) NOT NULL, 
	until FLOAT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "leases" VALUES('engine-retention','embedded',1.79527224713201975824e+09);
INSERT INTO "leases" VALUES('engine-overlooked','embedded',1.79527167721300888059e+09);
INSERT INTO "leases" VALUES('poller:won-deals','8246707053708f20',1.79527169224600028989e+09);
INSERT INTO "leases" VALUES('poller:approved-work','8246707053708f20',1.79527169226599597933e+09);
INSERT INTO "leases" VALUES('reconciliation-schedule','reconciliation-b790fa3fa5f0',1.79527176728398036959e+09);
INSERT INTO "leases" VALUES('poller:invoices:NWC-UK','8246707053708f20',1.79527169231001114844e+09);
INSERT INTO "leases" VALUES('poller:invoices:NWC-US','8246707053708f20',1.79527169232099485397e+09);
INSERT INTO "leases" VALUES('case escalation','casework:31e9cf178703',1.79527176739301204681e+09);
INSERT INTO "leases" VALUES('case waking','casework:fc60d3011438',1.79527167744700479512e+09);
CREATE TABLE lineage (
	effect VARCHAR(200) NOT NULL, 
	object_type VARCHAR(40) NOT NULL, 
	object_id VARCHAR(200) NOT NULL, 
	system VARCHAR(40) NOT NULL, 
	platform_id VARCHAR(200) NOT NULL, 
	number VARCHAR(200) NOT NULL, 
	deal_id VARCHAR(120) NOT NULL, 
	process_id VARCHAR(200) NOT NULL, 
	step VARCHAR(120) NOT NULL, 
	mapping VARCHAR(200) NOT NULL, 
	correlation_id VARCHAR(100) NOT NULL, 
	written_at DATETIME NOT NULL, 
	fields TEXT NOT NULL, 
	PRIMARY KEY (effect, written_at)
);
INSERT INTO "lineage" VALUES('customer:NWC-US:001ak0000000001AAA','customer','NWC-US:001ak0000000001AAA','erp','1','ACC-001ak0000000001AAA-NWC-US','006ak0000000001AAA','customer-onboarding:006ak0000000001AAA','ensure_customer','process_apis.customer_onboarding.steps:customer_details','a67189f05e6a0a225ec1fffc','2026-11-21 14:34:08.892133','[{"path":"account_id","value":"001ak0000000001AAA","origins":[{"system":"crm","record":"account","id":"001ak0000000001AAA","field":"id","value":"001ak0000000001AAA"}]},{"path":"legal_entity","value":"NWC-US","how":"the deal''s; where the deal names none, its account''s","origins":[{"system":"crm","record":"deal","id":"006ak0000000001AAA","field":"legal_entity"},{"system":"crm","record":"account","id":"001ak0000000001AAA","field":"legal_entity","value":"NWC-US"}]},{"path":"name","value":"Fabrikam Inc","origins":[{"system":"crm","record":"account","id":"001ak0000000001AAA","field":"name","value":"Fabrikam Inc"}]},{"path":"currency","value":"USD","origins":[{"system":"crm","record":"deal","id":"006ak0000000001AAA","field":"currency","value":"USD"}]},{"path":"payment_days","value":"30","how":"the days that the settings give to the deal''s payment terms, or to its account''s where the deal names none","origins":[{"system":"crm","record":"deal","id":"006ak0000000001AAA","field":"payment_terms"},{"system":"tollway","record":"setting","field":"onboarding.payment_terms"}]},{"path":"billing_address/street","value":"1 Market Street","origins":[{"system":"crm","record":"account","id":"001ak0000000001AAA","field":"billing_address/street","value":"1 Market Street"}]},{"path":"billing_address/city","value":"Oakland","origins":[{"system":"crm","record":"account","id":"001ak0000000001AAA","field":"billing_address/city","value":"Oakland"}]},{"path":"billing_address/postal_code","value":"10001","origins":[{"system":"crm","record":"account","id":"001ak0000000001AAA","field":"billing_address/postal_code","value":"10001"}]},{"path":"billing_address/region","value":"CA","origins":[{"system":"crm","record":"account","id":"001ak0000000001AAA","field":"billing_address/region","value":"CA"}]},{"path":"billing_address/country","value":"US","origins":[{"system":"crm","record":"account","id":"001ak0000000001AAA","field":"billing_address/country","value":"US"}]},{"path":"tax_registration","value":"47-2030405","origins":[{"system":"crm","record":"account","id":"001ak0000000001AAA","field":"tax_registration","value":"47-2030405"}]}]');
INSERT INTO "lineage" VALUES('customer:NWC-UK:001ak0000000005AAA','customer','NWC-UK:001ak0000000005AAA','erp','2','ACC-001ak0000000005AAA-NWC-UK','006ak0000000004AAA','customer-onboarding:006ak0000000004AAA','ensure_customer','process_apis.customer_onboarding.steps:customer_details','3a9ddb3a4ca9672cd0d1630d','2026-11-21 14:34:08.983354','[{"path":"account_id","value":"001ak0000000005AAA","origins":[{"system":"crm","record":"account","id":"001ak0000000005AAA","field":"id","value":"001ak0000000005AAA"}]},{"path":"legal_entity","value":"NWC-UK","how":"the deal''s; where the deal names none, its account''s","origins":[{"system":"crm","record":"deal","id":"006ak0000000004AAA","field":"legal_entity"},{"system":"crm","record":"account","id":"001ak0000000005AAA","field":"legal_entity","value":"NWC-UK"}]},{"path":"name","value":"Thames Logistics Ltd","origins":[{"system":"crm","record":"account","id":"001ak0000000005AAA","field":"name","value":"Thames Logistics Ltd"}]},{"path":"currency","value":"GBP","origins":[{"system":"crm","record":"deal","id":"006ak0000000004AAA","field":"currency","value":"GBP"}]},{"path":"payment_days","value":"15","how":"the days that the settings give to the deal''s payment terms, or to its account''s where the deal names none","origins":[{"system":"crm","record":"deal","id":"006ak0000000004AAA","field":"payment_terms"},{"system":"tollway","record":"setting","field":"onboarding.payment_terms"}]},{"path":"billing_address/street","value":"1 Market Street","origins":[{"system":"crm","record":"account","id":"001ak0000000005AAA","field":"billing_address/street","value":"1 Market Street"}]},{"path":"billing_address/city","value":"Reading","origins":[{"system":"crm","record":"account","id":"001ak0000000005AAA","field":"billing_address/city","value":"Reading"}]},{"path":"billing_address/postal_code","value":"10001","origins":[{"system":"crm","record":"account","id":"001ak0000000005AAA","field":"billing_address/postal_code","value":"10001"}]},{"path":"billing_address/country","value":"GB","origins":[{"system":"crm","record":"account","id":"001ak0000000005AAA","field":"billing_address/country","value":"GB"}]},{"path":"tax_registration","value":"GB232457280","origins":[{"system":"crm","record":"account","id":"001ak0000000005AAA","field":"tax_registration","value":"GB232457280"}]}]');
INSERT INTO "lineage" VALUES('customer:NWC-US:001ak0000000002AAA','customer','NWC-US:001ak0000000002AAA','erp','3','ACC-001ak0000000002AAA-NWC-US','006ak0000000002AAA','customer-onboarding:006ak0000000002AAA','ensure_customer','process_apis.customer_onboarding.steps:customer_details','a9fdba6abf68923be2ff805d','2026-11-21 14:34:09.044226','[{"path":"account_id","value":"001ak0000000002AAA","origins":[{"system":"crm","record":"account","id":"001ak0000000002AAA","field":"id","value":"001ak0000000002AAA"}]},{"path":"legal_entity","value":"NWC-US","how":"the deal''s; where the deal names none, its account''s","origins":[{"system":"crm","record":"deal","id":"006ak0000000002AAA","field":"legal_entity"},{"system":"crm","record":"account","id":"001ak0000000002AAA","field":"legal_entity","value":"NWC-US"}]},{"path":"name","value":"Contoso Ltd","origins":[{"system":"crm","record":"account","id":"001ak0000000002AAA","field":"name","value":"Contoso Ltd"}]},{"path":"currency","value":"USD","origins":[{"system":"crm","record":"deal","id":"006ak0000000002AAA","field":"currency","value":"USD"}]},{"path":"payment_days","value":"45","how":"the days that the settings give to the deal''s payment terms, or to its account''s where the deal names none","origins":[{"system":"crm","record":"deal","id":"006ak0000000002AAA","field":"payment_terms"},{"system":"tollway","record":"setting","field":"onboarding.payment_terms"}]},{"path":"billing_address/street","value":"1 Market Street","origins":[{"system":"crm","record":"account","id":"001ak0000000002AAA","field":"billing_address/street","value":"1 Market Street"}]},{"path":"billing_address/city","value":"Austin","origins":[{"system":"crm","record":"account","id":"001ak0000000002AAA","field":"billing_address/city","value":"Austin"}]},{"path":"billing_address/postal_code","value":"10001","origins":[{"system":"crm","record":"account","id":"001ak0000000002AAA","field":"billing_address/postal_code","value":"10001"}]},{"path":"billing_address/region","value":"TX","origins":[{"system":"crm","record":"account","id":"001ak0000000002AAA","field":"billing_address/region","value":"TX"}]},{"path":"billing_address/country","value":"US","origins":[{"system":"crm","record":"account","id":"001ak0000000002AAA","field":"billing_address/country","value":"US"}]},{"path":"tax_registration","value":"94-1156365","origins":[{"system":"crm","record":"account","id":"001ak0000000002AAA","field":"tax_registration","value":"94-1156365"}]}]');
INSERT INTO "lineage" VALUES('customer:NWC-US:001ak0000000007AAA','customer','NWC-US:001ak0000000007AAA','erp','4','ACC-001ak0000000007AAA-NWC-US','006ak0000000006AAA','customer-onboarding:006ak0000000006AAA','ensure_customer','process_apis.customer_onboarding.steps:customer_details','5e2198987ff175d726934040','2026-11-21 14:34:09.064855','[{"path":"account_id","value":"001ak0000000007AAA","origins":[{"system":"crm","record":"account","id":"001ak0000000007AAA","field":"id","value":"001ak0000000007AAA"}]},{"path":"legal_entity","value":"NWC-US","how":"the deal''s; where the deal names none, its account''s","origins":[{"system":"crm","record":"deal","id":"006ak0000000006AAA","field":"legal_entity"},{"system":"crm","record":"account","id":"001ak0000000007AAA","field":"legal_entity","value":"NWC-US"}]},{"path":"name","value":"Litware Incorporated","origins":[{"system":"crm","record":"account","id":"001ak0000000007AAA","field":"name","value":"Litware Incorporated"}]},{"path":"currency","value":"USD","origins":[{"system":"crm","record":"deal","id":"006ak0000000006AAA","field":"currency","value":"USD"}]},{"path":"payment_days","value":"30","how":"the days that the settings give to the deal''s payment terms, or to its account''s where the deal names none","origins":[{"system":"crm","record":"deal","id":"006ak0000000006AAA","field":"payment_terms"},{"system":"tollway","record":"setting","field":"onboarding.payment_terms"}]},{"path":"billing_address/street","value":"1 Market Street","origins":[{"system":"crm","record":"account","id":"001ak0000000007AAA","field":"billing_address/street","value":"1 Market Street"}]},{"path":"billing_address/city","value":"Denver","origins":[{"system":"crm","record":"account","id":"001ak0000000007AAA","field":"billing_address/city","value":"Denver"}]},{"path":"billing_address/postal_code","value":"10001","origins":[{"system":"crm","record":"account","id":"001ak0000000007AAA","field":"billing_address/postal_code","value":"10001"}]},{"path":"billing_address/region","value":"CO","origins":[{"system":"crm","record":"account","id":"001ak0000000007AAA","field":"billing_address/region","value":"CO"}]},{"path":"billing_address/country","value":"US","origins":[{"system":"crm","record":"account","id":"001ak0000000007AAA","field":"billing_address/country","value":"US"}]},{"path":"tax_registration","value":"36-2170433","origins":[{"system":"crm","record":"account","id":"001ak0000000007AAA","field":"tax_registration","value":"36-2170433"}]}]');
CREATE TABLE notice_lanes (
	kind VARCHAR(40) NOT NULL, 
	subject VARCHAR(120) NOT NULL, 
	arrivals BIGINT NOT NULL, 
	next_at FLOAT NOT NULL, 
	held_until FLOAT NOT NULL, 
	holder VARCHAR(40) NOT NULL, 
	PRIMARY KEY (kind, subject)
);
CREATE TABLE notices (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	source VARCHAR(255) NOT NULL, 
	event_id VARCHAR(255) NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	type VARCHAR(120) NOT NULL, 
	subject VARCHAR(120) NOT NULL, 
	body TEXT NOT NULL, 
	happened_at DATETIME NOT NULL, 
	received_at DATETIME NOT NULL, 
	correlation_id VARCHAR(100) NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	attempts INTEGER NOT NULL, 
	error TEXT NOT NULL, 
	settled_at DATETIME, 
	CONSTRAINT notices_by_event UNIQUE (source, event_id)
);
INSERT INTO "notices" VALUES(1,'salesforce:00D000000000001','bf219b17-06fc-4ded-b463-8486c1139894','crm','deal.won','006ak0000000001AAA','{"deal_id":"006ak0000000001AAA","event_id":"bf219b17-06fc-4ded-b463-8486c1139894","source":"salesforce:00D000000000001","occurred_at":"2026-11-21T14:34:07.722432Z"}','2026-11-21 14:34:07.722432','2026-11-21 14:34:07.771594','a67189f05e6a0a225ec1fffc','done',0,'','2026-11-21 14:34:07.870928');
INSERT INTO "notices" VALUES(2,'salesforce:00D000000000001','43f245ee-d882-4634-950c-6651f7861eac','crm','deal.won','006ak0000000002AAA','{"deal_id":"006ak0000000002AAA","event_id":"43f245ee-d882-4634-950c-6651f7861eac","source":"salesforce:00D000000000001","occurred_at":"2026-11-21T14:34:07.724117Z"}','2026-11-21 14:34:07.724117','2026-11-21 14:34:07.774757','a9fdba6abf68923be2ff805d','done',0,'','2026-11-21 14:34:08.002121');
INSERT INTO "notices" VALUES(3,'salesforce:00D000000000001','96321d13-2d3a-4788-a1f1-c87720b7d232','crm','deal.won','006ak0000000004AAA','{"deal_id":"006ak0000000004AAA","event_id":"96321d13-2d3a-4788-a1f1-c87720b7d232","source":"salesforce:00D000000000001","occurred_at":"2026-11-21T14:34:07.729524Z"}','2026-11-21 14:34:07.729524','2026-11-21 14:34:07.777198','3a9ddb3a4ca9672cd0d1630d','done',0,'','2026-11-21 14:34:07.939568');
INSERT INTO "notices" VALUES(4,'salesforce:00D000000000001','b536f1c2-cd00-43a1-9870-717a24dc8fa1','crm','deal.won','006ak0000000006AAA','{"deal_id":"006ak0000000006AAA","event_id":"b536f1c2-cd00-43a1-9870-717a24dc8fa1","source":"salesforce:00D000000000001","occurred_at":"2026-11-21T14:34:07.732102Z"}','2026-11-21 14:34:07.732102','2026-11-21 14:34:07.776012','5e2198987ff175d726934040','done',0,'','2026-11-21 14:34:08.019188');
INSERT INTO "notices" VALUES(5,'salesforce:00D000000000001','dac2a779-ea7d-468b-8ee6-db980abe98d4','crm','deal.won','006ak0000000003AAA','{"deal_id":"006ak0000000003AAA","event_id":"dac2a779-ea7d-468b-8ee6-db980abe98d4","source":"salesforce:00D000000000001","occurred_at":"2026-11-21T14:34:07.727480Z"}','2026-11-21 14:34:07.727480','2026-11-21 14:34:07.775739','26f0f3963918134880657de0','done',0,'','2026-11-21 14:34:07.913870');
INSERT INTO "notices" VALUES(6,'salesforce:00D000000000001','dc78c623-a155-43f3-87f2-b2681f89cd84','crm','deal.won','006ak0000000005AAA','{"deal_id":"006ak0000000005AAA","event_id":"dc78c623-a155-43f3-87f2-b2681f89cd84","source":"salesforce:00D000000000001","occurred_at":"2026-11-21T14:34:07.729975Z"}','2026-11-21 14:34:07.729975','2026-11-21 14:34:07.777436','704b31aa17ed9328208c63ed','done',0,'','2026-11-21 14:34:07.882289');
CREATE TABLE reconciliation_findings (
	run_id VARCHAR(60) NOT NULL, 
	drift_id VARCHAR(200) NOT NULL, 
	subject VARCHAR(200) NOT NULL, 
	found TEXT NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	handling VARCHAR(20) NOT NULL, 
	PRIMARY KEY (run_id, drift_id)
);
CREATE TABLE reconciliation_rows (
	run_id VARCHAR(60) NOT NULL, 
	subject VARCHAR(200) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	"key" VARCHAR(200) NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (run_id, subject, kind, "key")
);
CREATE TABLE reconciliation_runs (
	id VARCHAR(60) NOT NULL, 
	span JSON NOT NULL, 
	kinds JSON NOT NULL, 
	dry_run BOOLEAN NOT NULL, 
	started_at DATETIME NOT NULL, 
	compared_at FLOAT, 
	finished_at DATETIME, 
	PRIMARY KEY (id)
);
CREATE TABLE reconciliation_sources (
	run_id VARCHAR(60) NOT NULL, 
	source VARCHAR(120) NOT NULL, 
	place TEXT NOT NULL, 
	rows INTEGER NOT NULL, 
	done BOOLEAN NOT NULL, 
	PRIMARY KEY (run_id, source)
);
CREATE TABLE restores (
	id VARCHAR(40) NOT NULL, 
	backed_up_at DATETIME NOT NULL, 
	restored_at FLOAT NOT NULL, 
	reconciled_at DATETIME, 
	PRIMARY KEY (id)
);
CREATE TABLE workers (
	id VARCHAR(200) NOT NULL, 
	version VARCHAR(40) NOT NULL, 
	since FLOAT NOT NULL, 
	until FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE INDEX billing_claims_by_reference ON billing_claims (reference);
CREATE INDEX billing_runs_by_project ON billing_runs (project_number);
CREATE INDEX cases_by_process ON cases (process_id);
CREATE INDEX cases_by_status ON cases (status, opened_at);
CREATE INDEX effects_by_process ON effects (process_id);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
CREATE INDEX cases_by_subject ON cases (subject);
CREATE UNIQUE INDEX cases_unsettled_by_process ON cases (process_id) WHERE status IN ('open', 'retrying');
CREATE INDEX case_events_by_case ON case_events (case_id, id);
CREATE INDEX case_overlays_by_object ON case_overlays (object_id);
CREATE INDEX notices_unsettled ON notices (kind, subject, happened_at, id) WHERE status IN ('waiting', 'parked');
CREATE INDEX notices_by_status ON notices (status, id);
CREATE INDEX notice_lanes_by_turn ON notice_lanes (next_at);
CREATE INDEX events_by_moment ON events (occurred_at);
CREATE INDEX events_unnumbered ON events (id) WHERE position IS NULL;
CREATE INDEX event_subscriptions_by_owner ON event_subscriptions (owner);
CREATE INDEX event_deliveries_by_subject ON event_deliveries (subscription_id, subject);
CREATE INDEX reconciliation_runs_by_start ON reconciliation_runs (started_at);
CREATE INDEX reconciliation_findings_by_state ON reconciliation_findings (run_id, state);
CREATE INDEX drifts_by_state ON drifts (state, id);
CREATE INDEX audit_by_moment ON audit (at);
CREATE INDEX audit_by_correlation ON audit (correlation_id);
CREATE INDEX audit_by_object ON audit (about) WHERE about <> '';
CREATE TRIGGER audit_refuses_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_refuses_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE INDEX lineage_by_object ON lineage (object_type, object_id);
CREATE INDEX lineage_by_platform_id ON lineage (object_type, platform_id);
CREATE INDEX lineage_by_number ON lineage (object_type, number);
CREATE INDEX lineage_by_deal ON lineage (deal_id);
CREATE INDEX events_by_subject ON events (subject);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('notices',6);
INSERT INTO "sqlite_sequence" VALUES('events',15);
INSERT INTO "sqlite_sequence" VALUES('case_events',1);
COMMIT;
