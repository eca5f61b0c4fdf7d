"""The description of sObjects in the form of the describe resources.

Source: 'REST API Developer Guide: sObject Describe'; 'SOAP API Developer Guide: DescribeSObjectResult'.
"""

from typing import Any

from system_apis.salesforce_platform.sandbox.schema import Field, Schema, SObjectType
from system_apis.salesforce_platform.sandbox.schema.model import NUMERIC

SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "int": "xsd:int",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
}
CAN = (
    "createable",
    "deletable",
    "layoutable",
    "queryable",
    "replicateable",
    "retrieveable",
    "searchable",
    "updateable",
)
CANNOT = (
    "activateable",
    "customSetting",
    "deprecatedAndHidden",
    "feedEnabled",
    "hasSubtypes",
    "isSubtype",
    "mergeable",
)

NEVER: dict[str, Any] = {
    **dict.fromkeys(("calculated", "autoNumber", "dependentPicklist", "namePointing", "htmlFormatted"), False),
    **dict.fromkeys(("encrypted", "deprecatedAndHidden", "caseSensitive"), False),
    **dict.fromkeys(("calculatedFormula", "controllerName", "inlineHelpText")),
}
"""What holds for no field of this org."""


def summarize(sobject: SObjectType, root: str) -> dict[str, Any]:
    """The short description that describe global and basic information answer."""
    url = f"{root}/sobjects/{sobject.name}"
    return {
        "name": sobject.name,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "keyPrefix": sobject.prefix,
        "custom": sobject.custom,
        "triggerable": True,
        "undeletable": True,
        **dict.fromkeys(CAN, True),
        **(dict.fromkeys(("createable", "deletable", "undeletable"), False) if sobject.fixed else {}),
        **dict.fromkeys(CANNOT, False),
        "urls": {"sobject": url, "describe": f"{url}/describe", "rowTemplate": f"{url}/{{ID}}"},
    }


def describe_sobject(schema: Schema, sobject: SObjectType, root: str) -> dict[str, Any]:
    """The whole description of an sObject."""
    return summarize(sobject, root) | {
        "fields": [_describe_field(field) for field in sobject.fields.values()],
        "childRelationships": [
            {
                "childSObject": child.sobject,
                "field": child.field.name,
                "relationshipName": child.field.children,
                "cascadeDelete": child.field.cascade,
                "restrictedDelete": False,
                "deprecatedAndHidden": False,
            }
            for child in schema.children(sobject.name)
        ],
        "recordTypeInfos": [],
        "supportedScopes": [{"label": f"All {sobject.plural}", "name": "everything"}],
    }


def _describe_field(field: Field) -> dict[str, Any]:
    return NEVER | {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "soapType": SOAP_TYPES.get(field.type, "xsd:string"),
        "length": field.length,
        "byteLength": field.length * 3 if field.type not in ("id", "reference") else field.length,
        "digits": 8 if field.type == "int" else 0,
        "precision": field.precision,
        "scale": field.scale,
        "custom": field.custom,
        "nillable": not field.required and field.type != "boolean",
        "createable": field.createable,
        "updateable": field.updateable,
        "defaultedOnCreate": field.default is not None or field.type == "boolean" or field.name == "OwnerId",
        "defaultValue": False if field.type == "boolean" else field.default,
        "unique": field.unique,
        "externalId": field.external,
        "idLookup": field.idlookup,
        "nameField": field.name == "Name",
        "restrictedPicklist": field.restricted,
        "picklistValues": [
            {"active": True, "defaultValue": value == field.default, "label": value, "validFor": None, "value": value}
            for value in field.values
        ],
        "referenceTo": list(field.targets),
        "relationshipName": field.relationship,
        "cascadeDelete": field.cascade,
        "polymorphicForeignKey": len(field.targets) > 1,
        "filterable": not (field.type == "textarea" and field.length > 255),  # noqa: PLR2004
        "groupable": field.type not in NUMERIC - {"int"} and field.type not in ("datetime", "multipicklist"),
        "sortable": field.type != "multipicklist",
        "aggregatable": field.type != "boolean",
        "permissionable": field.custom and not field.required,
    }
