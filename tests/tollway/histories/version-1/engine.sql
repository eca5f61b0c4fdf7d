BEGIN TRANSACTION;
CREATE TABLE application_versions (
    version_id TEXT NOT NULL PRIMARY KEY,
    version_name TEXT NOT NULL UNIQUE,
    version_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
, "application_name" TEXT DEFAULT NULL);
INSERT INTO "application_versions" VALUES('b38245ac-e10f-4de8-8336-37157ccc599f','1',1795271647000,1795271647000,'tollway');
CREATE TABLE dbos_migrations (version INTEGER NOT NULL PRIMARY KEY);
INSERT INTO "dbos_migrations" VALUES(125);
CREATE TABLE notifications (
    message_uuid TEXT NOT NULL DEFAULT (hex(randomblob(16))) PRIMARY KEY,
    destination_uuid TEXT NOT NULL,
    topic TEXT,
    message TEXT NOT NULL,
    created_at_epoch_ms INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000), "serialization" TEXT DEFAULT NULL, "consumed" BOOLEAN NOT NULL DEFAULT FALSE, consumed_by_function_id INTEGER,
    FOREIGN KEY (destination_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE "operation_outputs" (
    workflow_uuid TEXT NOT NULL,
    function_id INTEGER NOT NULL,
    function_name TEXT NOT NULL DEFAULT '',
    output TEXT,
    error TEXT,
    child_workflow_id TEXT,
    started_at_epoch_ms INTEGER,
    completed_at_epoch_ms INTEGER,
    serialization TEXT,
    application_name TEXT DEFAULT NULL,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    PRIMARY KEY (workflow_uuid, function_id)
);
INSERT INTO "operation_outputs" VALUES('customer-onboarding:006ak0000000001AAA',1,'check_terms','{"$":"tollway.canonical.contract:Contract","value":{"deal_id":"006ak0000000001AAA","name":"Fabrikam: ERP blueprint","account":{"id":"001ak0000000001AAA","name":"Fabrikam Inc","billing_address":{"street":"1 Market Street","city":"Oakland","postal_code":"10001","region":"CA","country":"US"},"tax_registration":"47-2030405","legal_entity":"NWC-US","currency":"USD"},"legal_entity":"NWC-US","currency":"USD","payment_days":30,"contract_type":"fixed_fee","value":{"amount":"60000.00","currency":"USD"},"start":"2026-11-21","end":"2027-02-04","dimensions":{"service_line":"ADV","cost_centre":"ADV"},"purchase_order":"PO-FABRIKAM","milestones":[{"id":"a10ak0000000001AAA","name":"Blueprint","amount":{"amount":"24000.00","currency":"USD"},"due":"2026-12-16"},{"id":"a10ak0000000002AAA","name":"Design sign-off","amount":{"amount":"36000.00","currency":"USD"},"due":"2027-01-10"}]}}',NULL,NULL,1795271647805,1795271648103,'tollway_json','tollway',1795271648000);
INSERT INTO "operation_outputs" VALUES('customer-onboarding:006ak0000000005AAA',1,'check_terms',NULL,'{"$":"problem","value":{"type":"urn:tollway:problem:rejected","title":"Refused for a business reason","status":422,"detail":"The deal ''Adventure Works: quick scan'' cannot be onboarded: The account has no tax registration and is not marked tax exempt.","violations":[{"pointer":"/account/tax_registration","message":"The account has no tax registration and is not marked tax exempt."}],"category":"missing_tax_registration"}}',NULL,1795271647870,1795271648146,'tollway_json','tollway',1795271648000);
INSERT INTO "operation_outputs" VALUES('customer-onboarding:006ak0000000003AAA',1,'check_terms','{"$":"tollway.canonical.contract:Contract","value":{"deal_id":"006ak0000000003AAA","name":"Albion: claims portal","account":{"id":"001ak0000000004AAA","name":"Albion Insurance plc","parent_id":"001ak0000000003AAA","parent_name":"Albion Group plc","billing_address":{"street":"1 Market Street","city":"London","postal_code":"10001","country":"GB"},"tax_registration":"GB232457323","legal_entity":"NWC-UK","currency":"GBP"},"legal_entity":"NWC-UK","currency":"GBP","payment_days":30,"contract_type":"fixed_fee","value":{"amount":"75000.00","currency":"GBP"},"start":"2026-11-21","end":"2027-02-04","dimensions":{"service_line":"IMP","cost_centre":"IMP"},"purchase_order":"PO-ALBION","milestones":[{"id":"a10ak0000000003AAA","name":"Discovery","amount":{"amount":"9999.99","currency":"GBP"},"due":"2026-12-16"},{"id":"a10ak0000000004AAA","name":"Build","amount":{"amount":"40000.01","currency":"GBP"},"due":"2027-01-10"},{"id":"a10ak0000000005AAA","name":"Go-live","amount":{"amount":"25000.00","currency":"GBP"},"due":"2027-02-04"}]}}',NULL,NULL,1795271647891,1795271648181,'tollway_json','tollway',1795271648000);
INSERT INTO "operation_outputs" VALUES('customer-onboarding:006ak0000000004AAA',1,'check_terms','{"$":"tollway.canonical.contract:Contract","value":{"deal_id":"006ak0000000004AAA","name":"Thames: managed service","account":{"id":"001ak0000000005AAA","name":"Thames Logistics Ltd","billing_address":{"street":"1 Market Street","city":"Reading","postal_code":"10001","country":"GB"},"tax_registration":"GB232457280","legal_entity":"NWC-UK","currency":"GBP"},"legal_entity":"NWC-UK","currency":"GBP","payment_days":15,"contract_type":"time_and_materials","value":{"amount":"21680.00","currency":"GBP"},"start":"2026-11-21","end":"2027-02-04","dimensions":{"service_line":"MGS","cost_centre":"MGS"},"purchase_order":"PO-THAMES","rates":[{"role":"Consultant","hourly":{"amount":"135.50","currency":"GBP"},"planned_hours":"160.0"}]}}',NULL,NULL,1795271647929,1795271648197,'tollway_json','tollway',1795271648000);
INSERT INTO "operation_outputs" VALUES('customer-onboarding:006ak0000000002AAA',1,'check_terms','{"$":"tollway.canonical.contract:Contract","value":{"deal_id":"006ak0000000002AAA","name":"Contoso: data platform","account":{"id":"001ak0000000002AAA","name":"Contoso Ltd","billing_address":{"street":"1 Market Street","city":"Austin","postal_code":"10001","region":"TX","country":"US"},"tax_registration":"94-1156365","legal_entity":"NWC-US","currency":"USD"},"legal_entity":"NWC-US","currency":"USD","payment_days":45,"contract_type":"time_and_materials","value":{"amount":"55200.00","currency":"USD"},"start":"2026-11-21","end":"2027-02-04","dimensions":{"service_line":"IMP","cost_centre":"IMP"},"purchase_order":"PO-CONTOSO","rates":[{"role":"Architect","hourly":{"amount":"240.00","currency":"USD"},"planned_hours":"80.0"},{"role":"Engineer","hourly":{"amount":"180.00","currency":"USD"},"planned_hours":"200.0"}]}}',NULL,NULL,1795271647984,1795271648267,'tollway_json','tollway',1795271648000);
INSERT INTO "operation_outputs" VALUES('customer-onboarding:006ak0000000006AAA',1,'check_terms','{"$":"tollway.canonical.contract:Contract","value":{"deal_id":"006ak0000000006AAA","name":"Litware: rollout","account":{"id":"001ak0000000007AAA","name":"Litware Incorporated","billing_address":{"street":"1 Market Street","city":"Denver","postal_code":"10001","region":"CO","country":"US"},"tax_registration":"36-2170433","legal_entity":"NWC-US","currency":"USD"},"legal_entity":"NWC-US","currency":"USD","payment_days":30,"contract_type":"time_and_materials","value":{"amount":"21000.00","currency":"USD"},"start":"2026-11-21","end":"2027-02-04","dimensions":{"service_line":"IMP","cost_centre":"IMP"},"purchase_order":"PO-LITWARE","rates":[{"role":"Engineer","hourly":{"amount":"175.00","currency":"USD"},"planned_hours":"120.0"}]}}',NULL,NULL,1795271647994,1795271648280,'tollway_json','tollway',1795271648000);
INSERT INTO "operation_outputs" VALUES('customer-onboarding:006ak0000000001AAA',2,'ensure_customer','{"$":"tollway.canonical.customer:Customer","value":{"id":"1","number":"ACC-001ak0000000001AAA-NWC-US","name":"Fabrikam Inc","legal_entity":"NWC-US","account_id":"001ak0000000001AAA","tax_registration":"47-2030405","balance":{"amount":"0.00","currency":"USD"}}}',NULL,NULL,1795271648107,1795271648918,'tollway_json','tollway',1795271648000);
INSERT INTO "operation_outputs" VALUES('customer-onboarding:006ak0000000001AAA',3,'order_project','null',NULL,NULL,1795271648921,1795271648929,'tollway_json','tollway',1795271648000);
INSERT INTO "operation_outputs" VALUES('project-activation:006ak0000000001AAA',1,'current_contract','{"$":"tollway.canonical.contract:Contract","value":{"deal_id":"006ak0000000001AAA","name":"Fabrikam: ERP blueprint","account":{"id":"001ak0000000001AAA","name":"Fabrikam Inc","billing_address":{"street":"1 Market Street","city":"Oakland","postal_code":"10001","region":"CA","country":"US"},"tax_registration":"47-2030405","legal_entity":"NWC-US","currency":"USD"},"legal_entity":"NWC-US","currency":"USD","payment_days":30,"contract_type":"fixed_fee","value":{"amount":"60000.00","currency":"USD"},"start":"2026-11-21","end":"2027-02-04","dimensions":{"service_line":"ADV","cost_centre":"ADV"},"purchase_order":"PO-FABRIKAM","milestones":[{"id":"a10ak0000000001AAA","name":"Blueprint","amount":{"amount":"24000.00","currency":"USD"},"due":"2026-12-16"},{"id":"a10ak0000000002AAA","name":"Design sign-off","amount":{"amount":"36000.00","currency":"USD"},"due":"2027-01-10"}]}}',NULL,NULL,1795271648932,1795271648947,'tollway_json','tollway',1795271648000);
INSERT INTO "operation_outputs" VALUES('customer-onboarding:006ak0000000004AAA',2,'ensure_customer','{"$":"tollway.canonical.customer:Customer","value":{"id":"2","number":"ACC-001ak0000000005AAA-NWC-UK","name":"Thames Logistics Ltd","legal_entity":"NWC-UK","account_id":"001ak0000000005AAA","tax_registration":"GB232457280","balance":{"amount":"0.00","currency":"GBP"}}}',NULL,NULL,1795271648199,1795271648994,'tollway_json','tollway',1795271648000);
INSERT INTO "operation_outputs" VALUES('customer-onboarding:006ak0000000004AAA',3,'order_project','null',NULL,NULL,1795271648996,1795271649000,'tollway_json','tollway',1795271649000);
INSERT INTO "operation_outputs" VALUES('project-activation:006ak0000000004AAA',1,'current_contract','{"$":"tollway.canonical.contract:Contract","value":{"deal_id":"006ak0000000004AAA","name":"Thames: managed service","account":{"id":"001ak0000000005AAA","name":"Thames Logistics Ltd","billing_address":{"street":"1 Market Street","city":"Reading","postal_code":"10001","country":"GB"},"tax_registration":"GB232457280","legal_entity":"NWC-UK","currency":"GBP"},"legal_entity":"NWC-UK","currency":"GBP","payment_days":15,"contract_type":"time_and_materials","value":{"amount":"21680.00","currency":"GBP"},"start":"2026-11-21","end":"2027-02-04","dimensions":{"service_line":"MGS","cost_centre":"MGS"},"purchase_order":"PO-THAMES","rates":[{"role":"Consultant","hourly":{"amount":"135.50","currency":"GBP"},"planned_hours":"160.0"}]}}',NULL,NULL,1795271649001,1795271649017,'tollway_json','tollway',1795271649000);
INSERT INTO "operation_outputs" VALUES('customer-onboarding:006ak0000000006AAA',2,'ensure_customer','{"$":"tollway.canonical.customer:Customer","value":{"id":"4","number":"ACC-001ak0000000007AAA-NWC-US","name":"Litware Incorporated","legal_entity":"NWC-US","account_id":"001ak0000000007AAA","tax_registration":"36-2170433","balance":{"amount":"0.00","currency":"USD"}}}',NULL,NULL,1795271648282,1795271649083,'tollway_json','tollway',1795271649000);
INSERT INTO "operation_outputs" VALUES('customer-onboarding:006ak0000000006AAA',3,'order_project','null',NULL,NULL,1795271649085,1795271649096,'tollway_json','tollway',1795271649000);
INSERT INTO "operation_outputs" VALUES('customer-onboarding:006ak0000000002AAA',2,'ensure_customer','{"$":"tollway.canonical.customer:Customer","value":{"id":"3","number":"ACC-001ak0000000002AAA-NWC-US","name":"Contoso Ltd","legal_entity":"NWC-US","account_id":"001ak0000000002AAA","tax_registration":"94-1156365","balance":{"amount":"0.00","currency":"USD"}}}',NULL,NULL,1795271648269,1795271649103,'tollway_json','tollway',1795271649000);
INSERT INTO "operation_outputs" VALUES('customer-onboarding:006ak0000000002AAA',3,'order_project','null',NULL,NULL,1795271649107,1795271649122,'tollway_json','tollway',1795271649000);
CREATE TABLE queues (
    queue_id TEXT PRIMARY KEY DEFAULT (hex(randomblob(16))),
    name TEXT NOT NULL UNIQUE,
    concurrency INTEGER,
    worker_concurrency INTEGER,
    rate_limit_max INTEGER,
    rate_limit_period_sec REAL,
    priority_enabled BOOLEAN NOT NULL DEFAULT FALSE,
    partition_queue BOOLEAN NOT NULL DEFAULT FALSE,
    polling_interval_sec REAL NOT NULL DEFAULT 1.0,
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    updated_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
, "application_name" TEXT DEFAULT NULL, "partition_concurrency" INTEGER DEFAULT NULL, "partition_worker_concurrency" INTEGER DEFAULT NULL, "partition_rate_limit_max" INTEGER DEFAULT NULL, "partition_rate_limit_period_sec" REAL DEFAULT NULL);
INSERT INTO "queues" VALUES('021287E3EC089F98F69196F00509EF7E','processes',NULL,32,NULL,NULL,1,0,0.1,1795271647000,1795271647061,'tollway',NULL,NULL,NULL,NULL);
CREATE TABLE streams (
    workflow_uuid TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    "offset" INTEGER NOT NULL, function_id INTEGER NOT NULL DEFAULT 0, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, key, "offset"),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_events (
    workflow_uuid TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, key),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_events_history (
    workflow_uuid TEXT NOT NULL,
    function_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, function_id, key),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid)
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_input (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    inputs TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
);
INSERT INTO "workflow_input" VALUES('customer-onboarding:006ak0000000001AAA','{"$":"dict","value":[["args",{"$":"tuple","value":["a67189f05e6a0a225ec1fffc",{"$":"tollway.canonical.statement:DealWon","value":{"deal_id":"006ak0000000001AAA","event_id":"bf219b17-06fc-4ded-b463-8486c1139894","source":"salesforce:00D000000000001"}}]}],["kwargs",{"$":"dict","value":[]}]]}',1795271647000);
INSERT INTO "workflow_input" VALUES('customer-onboarding:006ak0000000005AAA','{"$":"dict","value":[["args",{"$":"tuple","value":["704b31aa17ed9328208c63ed",{"$":"tollway.canonical.statement:DealWon","value":{"deal_id":"006ak0000000005AAA","event_id":"dc78c623-a155-43f3-87f2-b2681f89cd84","source":"salesforce:00D000000000001"}}]}],["kwargs",{"$":"dict","value":[]}]]}',1795271647000);
INSERT INTO "workflow_input" VALUES('customer-onboarding:006ak0000000003AAA','{"$":"dict","value":[["args",{"$":"tuple","value":["26f0f3963918134880657de0",{"$":"tollway.canonical.statement:DealWon","value":{"deal_id":"006ak0000000003AAA","event_id":"dac2a779-ea7d-468b-8ee6-db980abe98d4","source":"salesforce:00D000000000001"}}]}],["kwargs",{"$":"dict","value":[]}]]}',1795271647000);
INSERT INTO "workflow_input" VALUES('customer-onboarding:006ak0000000004AAA','{"$":"dict","value":[["args",{"$":"tuple","value":["3a9ddb3a4ca9672cd0d1630d",{"$":"tollway.canonical.statement:DealWon","value":{"deal_id":"006ak0000000004AAA","event_id":"96321d13-2d3a-4788-a1f1-c87720b7d232","source":"salesforce:00D000000000001"}}]}],["kwargs",{"$":"dict","value":[]}]]}',1795271647000);
INSERT INTO "workflow_input" VALUES('customer-onboarding:006ak0000000002AAA','{"$":"dict","value":[["args",{"$":"tuple","value":["a9fdba6abf68923be2ff805d",{"$":"tollway.canonical.statement:DealWon","value":{"deal_id":"006ak0000000002AAA","event_id":"43f245ee-d882-4634-950c-6651f7861eac","source":"salesforce:00D000000000001"}}]}],["kwargs",{"$":"dict","value":[]}]]}',1795271647000);
INSERT INTO "workflow_input" VALUES('customer-onboarding:006ak0000000006AAA','{"$":"dict","value":[["args",{"$":"tuple","value":["5e2198987ff175d726934040",{"$":"tollway.canonical.statement:DealWon","value":{"deal_id":"006ak0000000006AAA","event_id":"b536f1c2-cd00-43a1-9870-717a24dc8fa1","source":"salesforce:00D000000000001"}}]}],["kwargs",{"$":"dict","value":[]}]]}',1795271647000);
INSERT INTO "workflow_input" VALUES('project-activation:006ak0000000001AAA','{"$":"dict","value":[["args",{"$":"tuple","value":["a67189f05e6a0a225ec1fffc",{"$":"tollway.canonical.statement:ActivationOrder","value":{"contract":{"deal_id":"006ak0000000001AAA","name":"Fabrikam: ERP blueprint","account":{"id":"001ak0000000001AAA","name":"Fabrikam Inc","billing_address":{"street":"1 Market Street","city":"Oakland","postal_code":"10001","region":"CA","country":"US"},"tax_registration":"47-2030405","legal_entity":"NWC-US","currency":"USD"},"legal_entity":"NWC-US","currency":"USD","payment_days":30,"contract_type":"fixed_fee","value":{"amount":"60000.00","currency":"USD"},"start":"2026-11-21","end":"2027-02-04","dimensions":{"service_line":"ADV","cost_centre":"ADV"},"purchase_order":"PO-FABRIKAM","milestones":[{"id":"a10ak0000000001AAA","name":"Blueprint","amount":{"amount":"24000.00","currency":"USD"},"due":"2026-12-16"},{"id":"a10ak0000000002AAA","name":"Design sign-off","amount":{"amount":"36000.00","currency":"USD"},"due":"2027-01-10"}]},"customer":{"id":"1","number":"ACC-001ak0000000001AAA-NWC-US","name":"Fabrikam Inc","legal_entity":"NWC-US","account_id":"001ak0000000001AAA","tax_registration":"47-2030405","balance":{"amount":"0.00","currency":"USD"}}}}]}],["kwargs",{"$":"dict","value":[]}]]}',1795271648000);
INSERT INTO "workflow_input" VALUES('project-activation:006ak0000000004AAA','{"$":"dict","value":[["args",{"$":"tuple","value":["3a9ddb3a4ca9672cd0d1630d",{"$":"tollway.canonical.statement:ActivationOrder","value":{"contract":{"deal_id":"006ak0000000004AAA","name":"Thames: managed service","account":{"id":"001ak0000000005AAA","name":"Thames Logistics Ltd","billing_address":{"street":"1 Market Street","city":"Reading","postal_code":"10001","country":"GB"},"tax_registration":"GB232457280","legal_entity":"NWC-UK","currency":"GBP"},"legal_entity":"NWC-UK","currency":"GBP","payment_days":15,"contract_type":"time_and_materials","value":{"amount":"21680.00","currency":"GBP"},"start":"2026-11-21","end":"2027-02-04","dimensions":{"service_line":"MGS","cost_centre":"MGS"},"purchase_order":"PO-THAMES","rates":[{"role":"Consultant","hourly":{"amount":"135.50","currency":"GBP"},"planned_hours":"160.0"}]},"customer":{"id":"2","number":"ACC-001ak0000000005AAA-NWC-UK","name":"Thames Logistics Ltd","legal_entity":"NWC-UK","account_id":"001ak0000000005AAA","tax_registration":"GB232457280","balance":{"amount":"0.00","currency":"GBP"}}}}]}],["kwargs",{"$":"dict","value":[]}]]}',1795271648000);
INSERT INTO "workflow_input" VALUES('project-activation:006ak0000000006AAA','{"$":"dict","value":[["args",{"$":"tuple","value":["5e2198987ff175d726934040",{"$":"tollway.canonical.statement:ActivationOrder","value":{"contract":{"deal_id":"006ak0000000006AAA","name":"Litware: rollout","account":{"id":"001ak0000000007AAA","name":"Litware Incorporated","billing_address":{"street":"1 Market Street","city":"Denver","postal_code":"10001","region":"CO","country":"US"},"tax_registration":"36-2170433","legal_entity":"NWC-US","currency":"USD"},"legal_entity":"NWC-US","currency":"USD","payment_days":30,"contract_type":"time_and_materials","value":{"amount":"21000.00","currency":"USD"},"start":"2026-11-21","end":"2027-02-04","dimensions":{"service_line":"IMP","cost_centre":"IMP"},"purchase_order":"PO-LITWARE","rates":[{"role":"Engineer","hourly":{"amount":"175.00","currency":"USD"},"planned_hours":"120.0"}]},"customer":{"id":"4","number":"ACC-001ak0000000007AAA-NWC-US","name":"Litware Incorporated","legal_entity":"NWC-US","account_id":"001ak0000000007AAA","tax_registration":"36-2170433","balance":{"amount":"0.00","currency":"USD"}}}}]}],["kwargs",{"$":"dict","value":[]}]]}',1795271649000);
INSERT INTO "workflow_input" VALUES('project-activation:006ak0000000002AAA','{"$":"dict","value":[["args",{"$":"tuple","value":["a9fdba6abf68923be2ff805d",{"$":"tollway.canonical.statement:ActivationOrder","value":{"contract":{"deal_id":"006ak0000000002AAA","name":"Contoso: data platform","account":{"id":"001ak0000000002AAA","name":"Contoso Ltd","billing_address":{"street":"1 Market Street","city":"Austin","postal_code":"10001","region":"TX","country":"US"},"tax_registration":"94-1156365","legal_entity":"NWC-US","currency":"USD"},"legal_entity":"NWC-US","currency":"USD","payment_days":45,"contract_type":"time_and_materials","value":{"amount":"55200.00","currency":"USD"},"start":"2026-11-21","end":"2027-02-04","dimensions":{"service_line":"IMP","cost_centre":"IMP"},"purchase_order":"PO-CONTOSO","rates":[{"role":"Architect","hourly":{"amount":"240.00","currency":"USD"},"planned_hours":"80.0"},{"role":"Engineer","hourly":{"amount":"180.00","currency":"USD"},"planned_hours":"200.0"}]},"customer":{"id":"3","number":"ACC-001ak0000000002AAA-NWC-US","name":"Contoso Ltd","legal_entity":"NWC-US","account_id":"001ak0000000002AAA","tax_registration":"94-1156365","balance":{"amount":"0.00","currency":"USD"}}}}]}],["kwargs",{"$":"dict","value":[]}]]}',1795271649000);
CREATE TABLE workflow_output (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    output TEXT,
    error TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
);
INSERT INTO "workflow_output" VALUES('customer-onboarding:006ak0000000005AAA',NULL,'{"$":"problem","value":{"type":"urn:tollway:problem:rejected","title":"Refused for a business reason","status":422,"detail":"The deal ''Adventure Works: quick scan'' cannot be onboarded: The account has no tax registration and is not marked tax exempt.","violations":[{"pointer":"/account/tax_registration","message":"The account has no tax registration and is not marked tax exempt."}],"category":"missing_tax_registration"}}',1795271648000);
INSERT INTO "workflow_output" VALUES('customer-onboarding:006ak0000000001AAA','"ACC-001ak0000000001AAA-NWC-US"',NULL,1795271648000);
INSERT INTO "workflow_output" VALUES('customer-onboarding:006ak0000000004AAA','"ACC-001ak0000000005AAA-NWC-UK"',NULL,1795271649000);
INSERT INTO "workflow_output" VALUES('customer-onboarding:006ak0000000006AAA','"ACC-001ak0000000007AAA-NWC-US"',NULL,1795271649000);
CREATE TABLE workflow_schedules (
    schedule_id TEXT PRIMARY KEY,
    schedule_name TEXT NOT NULL UNIQUE,
    workflow_name TEXT NOT NULL,
    workflow_class_name TEXT,
    schedule TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'ACTIVE',
    context TEXT NOT NULL
, "last_fired_at" TEXT DEFAULT NULL, "automatic_backfill" BOOLEAN NOT NULL DEFAULT FALSE, "cron_timezone" TEXT DEFAULT NULL, "queue_name" TEXT DEFAULT NULL, "application_name" TEXT DEFAULT NULL);
CREATE TABLE workflow_status (
    workflow_uuid TEXT PRIMARY KEY,
    status TEXT,
    name TEXT,
    authenticated_user TEXT,
    assumed_role TEXT,
    authenticated_roles TEXT,
    request TEXT,
    output TEXT,
    error TEXT,
    executor_id TEXT,
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    updated_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    application_version TEXT,
    application_id TEXT,
    class_name TEXT DEFAULT NULL,
    config_name TEXT DEFAULT NULL,
    recovery_attempts INTEGER DEFAULT 0,
    queue_name TEXT,
    workflow_timeout_ms INTEGER,
    workflow_deadline_epoch_ms INTEGER,
    inputs TEXT,
    started_at_epoch_ms INTEGER,
    deduplication_id TEXT,
    priority INTEGER NOT NULL DEFAULT 0
, queue_partition_key TEXT, forked_from TEXT, "owner_xid" TEXT DEFAULT NULL, "parent_workflow_id" TEXT DEFAULT NULL, "serialization" TEXT DEFAULT NULL, "delay_until_epoch_ms" BIGINT DEFAULT NULL, "was_forked_from" BOOLEAN NOT NULL DEFAULT FALSE, "rate_limited" BOOLEAN NOT NULL DEFAULT FALSE, "completed_at" BIGINT, "attributes" TEXT, "schedule_name" TEXT, "debounce_deadline_epoch_ms" BIGINT DEFAULT NULL, "is_debounced" BOOLEAN NOT NULL DEFAULT FALSE, "application_name" TEXT DEFAULT NULL, "creator_xid" TEXT DEFAULT NULL);
INSERT INTO "workflow_status" VALUES('customer-onboarding:006ak0000000001AAA','SUCCESS','customer-onboarding',NULL,NULL,NULL,NULL,NULL,NULL,'embedded',1795271647000,1795271648000,'1','',NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'tollway_json',NULL,0,0,1795271648000,'null',NULL,NULL,0,'tollway','1854f0df-e3c3-4654-a55f-f694a503fdb6');
INSERT INTO "workflow_status" VALUES('customer-onboarding:006ak0000000005AAA','ERROR','customer-onboarding',NULL,NULL,NULL,NULL,NULL,NULL,'embedded',1795271647000,1795271648000,'1','',NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'tollway_json',NULL,0,0,1795271648000,'null',NULL,NULL,0,'tollway','be0ac029-b8d4-471e-919e-ce3f0783569d');
INSERT INTO "workflow_status" VALUES('customer-onboarding:006ak0000000003AAA','PENDING','customer-onboarding',NULL,NULL,NULL,NULL,NULL,NULL,'embedded',1795271647000,1795271647000,'1','',NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,'b65a1608-8e12-461a-8f5b-35c26b6d78ab',NULL,'tollway_json',NULL,0,0,NULL,'null',NULL,NULL,0,'tollway','b65a1608-8e12-461a-8f5b-35c26b6d78ab');
INSERT INTO "workflow_status" VALUES('customer-onboarding:006ak0000000004AAA','SUCCESS','customer-onboarding',NULL,NULL,NULL,NULL,NULL,NULL,'embedded',1795271647000,1795271649000,'1','',NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'tollway_json',NULL,0,0,1795271649000,'null',NULL,NULL,0,'tollway','f1ec8538-c808-4c7b-83d5-2683a04689e5');
INSERT INTO "workflow_status" VALUES('customer-onboarding:006ak0000000002AAA','PENDING','customer-onboarding',NULL,NULL,NULL,NULL,NULL,NULL,'embedded',1795271647000,1795271647000,'1','',NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,'b6037fda-edf6-49d0-a783-752767bcb0ce',NULL,'tollway_json',NULL,0,0,NULL,'null',NULL,NULL,0,'tollway','b6037fda-edf6-49d0-a783-752767bcb0ce');
INSERT INTO "workflow_status" VALUES('customer-onboarding:006ak0000000006AAA','SUCCESS','customer-onboarding',NULL,NULL,NULL,NULL,NULL,NULL,'embedded',1795271647000,1795271649000,'1','',NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'tollway_json',NULL,0,0,1795271649000,'null',NULL,NULL,0,'tollway','806b5238-a8b8-4e37-86a6-b32d13ad764a');
INSERT INTO "workflow_status" VALUES('project-activation:006ak0000000001AAA','PENDING','project-activation',NULL,NULL,NULL,NULL,NULL,NULL,'embedded',1795271648000,1795271648000,'1','',NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,'87b20516-255b-429b-96bf-770bdd07ccf3',NULL,'tollway_json',NULL,0,0,NULL,'null',NULL,NULL,0,'tollway','87b20516-255b-429b-96bf-770bdd07ccf3');
INSERT INTO "workflow_status" VALUES('project-activation:006ak0000000004AAA','PENDING','project-activation',NULL,NULL,NULL,NULL,NULL,NULL,'embedded',1795271648000,1795271648000,'1','',NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,'0efb9674-51d2-4427-88cf-c2cf57e47aea',NULL,'tollway_json',NULL,0,0,NULL,'null',NULL,NULL,0,'tollway','0efb9674-51d2-4427-88cf-c2cf57e47aea');
INSERT INTO "workflow_status" VALUES('project-activation:006ak0000000006AAA','PENDING','project-activation',NULL,NULL,NULL,NULL,NULL,NULL,'embedded',1795271649000,1795271649000,'1','',NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,'9a01c326-7586-4bc1-8da1-20dd69e10bdb',NULL,'tollway_json',NULL,0,0,NULL,'null',NULL,NULL,0,'tollway','9a01c326-7586-4bc1-8da1-20dd69e10bdb');
INSERT INTO "workflow_status" VALUES('project-activation:006ak0000000002AAA','PENDING','project-activation',NULL,NULL,NULL,NULL,NULL,NULL,'embedded',1795271649000,1795271649000,'1','',NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,'a803bac4-9a45-4aec-af45-74c9a50fa97a',NULL,'tollway_json',NULL,0,0,NULL,'null',NULL,NULL,0,'tollway','a803bac4-9a45-4aec-af45-74c9a50fa97a');
CREATE INDEX workflow_status_created_at_index ON workflow_status (created_at);
CREATE INDEX idx_workflow_topic ON notifications (destination_uuid, topic);
CREATE INDEX "idx_workflow_status_delayed" ON "workflow_status" ("delay_until_epoch_ms") WHERE status = 'DELAYED';
CREATE INDEX "idx_workflow_status_forked_from" ON "workflow_status" ("forked_from") WHERE "forked_from" IS NOT NULL;
CREATE INDEX "idx_workflow_status_parent_workflow_id" ON "workflow_status" ("parent_workflow_id") WHERE "parent_workflow_id" IS NOT NULL;
CREATE UNIQUE INDEX "uq_workflow_status_dedup_id" ON "workflow_status" ("queue_name", "deduplication_id") WHERE "deduplication_id" IS NOT NULL;
CREATE INDEX "idx_workflow_status_pending" ON "workflow_status" ("created_at") WHERE "status" = 'PENDING';
CREATE INDEX "idx_workflow_status_failed" ON "workflow_status" ("status", "created_at") WHERE "status" IN ('ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED');
CREATE INDEX "idx_workflow_status_rate_limited" ON "workflow_status" ("queue_name", "started_at_epoch_ms") WHERE "rate_limited" = TRUE;
CREATE INDEX "idx_workflow_status_completed_at" ON "workflow_status" ("completed_at") WHERE "completed_at" IS NOT NULL;
CREATE INDEX "idx_workflow_status_started_at" ON "workflow_status" ("started_at_epoch_ms") WHERE "started_at_epoch_ms" IS NOT NULL;
CREATE INDEX "idx_workflow_status_schedule_name" ON "workflow_status" ("schedule_name") WHERE "schedule_name" IS NOT NULL;
CREATE UNIQUE INDEX "uq_application_versions_owner_version"
    ON application_versions ("application_name", "version_name")
    WHERE "application_name" IS NOT NULL;
CREATE UNIQUE INDEX "uq_application_versions_unclaimed_version"
    ON application_versions ("version_name")
    WHERE "application_name" IS NULL;
CREATE INDEX idx_workflow_input_retention
    ON workflow_input (retention_timestamp);
CREATE INDEX idx_workflow_output_retention
    ON workflow_output (retention_timestamp);
CREATE INDEX idx_operation_outputs_retention
    ON operation_outputs (retention_timestamp);
CREATE INDEX "idx_workflow_status_in_flight_v2" ON "workflow_status" ("queue_name", "status", "priority", "created_at", "application_name") WHERE "status" IN ('ENQUEUED', 'PENDING');
CREATE INDEX "idx_workflow_status_partition_dequeue_v3" ON "workflow_status" ("queue_name", "status", "queue_partition_key", "priority", "created_at", "workflow_uuid", "application_name") WHERE "status" IN ('ENQUEUED', 'PENDING') AND "queue_partition_key" IS NOT NULL;
CREATE INDEX "idx_operation_outputs_completed_at_function_name_v2" ON "operation_outputs" ("completed_at_epoch_ms", "function_name", "application_name");
CREATE INDEX "idx_workflow_status_deadline" ON "workflow_status" ("workflow_deadline_epoch_ms") WHERE "status" IN ('ENQUEUED', 'PENDING', 'DELAYED') AND "workflow_deadline_epoch_ms" IS NOT NULL;
CREATE INDEX "idx_application_versions_timestamp" ON "application_versions" ("version_timestamp" DESC);
CREATE INDEX "idx_application_versions_owner_timestamp" ON "application_versions" ("application_name", "version_timestamp" DESC);
COMMIT;
