"""SuiteQL: the account's records as tables of an in-memory SQLite database, queried in SuiteQL's dialect."""

from system_apis.erp.netsuite.sandbox.suiteql.engine import Engine

__all__ = ["Engine"]
