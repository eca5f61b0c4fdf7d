# ruff: noqa: S608 - the statements are made of our own words
"""History in bulk: copies of one process, made by the database itself."""

STATUS, ENGINE = "workflow_status", "tollway_engine"
TABLES = (STATUS, "workflow_input", "workflow_output", "operation_outputs")


def copies(process_id: str, many: int) -> list[str]:
    """The statements that copy one process, and all that is kept of it, so many times under other ids."""
    made = []
    for table in TABLES:
        columns = f"""(SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
            WHERE table_schema = '{ENGINE}' AND table_name = '{table}' AND column_name <> 'workflow_uuid')"""
        made.append(f"""
            DO $$ DECLARE names text := {columns}; BEGIN EXECUTE format(
                'INSERT INTO {ENGINE}.{table} (workflow_uuid, %1$s)
                 SELECT workflow_uuid || ''.'' || number, %1$s FROM {ENGINE}.{table}, generate_series(1, {many}) number
                 WHERE workflow_uuid = ''{process_id}''', names); END $$""")
    return made


def cases(process_id: str, many: int) -> list[str]:
    """The statements that copy the case of a parked process so many times, for its copies."""
    columns = """(SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
        WHERE table_schema = 'tollway' AND table_name = 'cases' AND column_name NOT IN ('id', 'process_id'))"""
    return [
        f"""
        DO $$ DECLARE names text := {columns}; BEGIN EXECUTE format(
            'INSERT INTO tollway.cases (id, process_id, %1$s)
             SELECT ''CASE-'' || number, process_id || ''.'' || number, %1$s
             FROM tollway.cases, generate_series(1, {many}) number
             WHERE process_id = ''{process_id}''', names); END $$"""
    ]


SETTLE = ("VACUUM ANALYZE", "CHECKPOINT")
"""What the database would do by itself in time."""
