"""NetSuite's SuiteTalk REST web services, imitated: records, SuiteQL, both ways to authenticate, tax and payments.

Every module names the published text its behaviour is taken from; what no source tells is left out.
"""

from system_apis.erp.netsuite.sandbox.app import create_sandbox
from system_apis.erp.netsuite.sandbox.oauth2 import certificates, issue_certificate

__all__ = ["certificates", "create_sandbox", "issue_certificate"]
