"""The org's metadata: standard objects, Certinia's managed package and Tollway's own package, each in its file."""

from system_apis.salesforce_platform.sandbox.schema.load import load_schema
from system_apis.salesforce_platform.sandbox.schema.model import Field, Schema, SObjectType

__all__ = ["Field", "SObjectType", "Schema", "load_schema"]
