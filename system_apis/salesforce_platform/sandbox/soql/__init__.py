"""The query language: text becomes tokens, tokens a query, a query rows of the org.

Source: 'SOQL and SOSL Reference'.
"""

from system_apis.salesforce_platform.sandbox.soql.execute import Result, run_query
from system_apis.salesforce_platform.sandbox.soql.parser import parse

__all__ = ["Result", "parse", "run_query"]
