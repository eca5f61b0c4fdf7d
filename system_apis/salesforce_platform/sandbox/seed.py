"""What every org has from its first day: its own record, an administrator and the standard price book."""

from system_apis.salesforce_platform.sandbox.org import Org, Record

USERNAME_KEY = "Username"


def seed(org: Org, username: str) -> None:
    """Find the administrator, or create it and what else a new org has."""
    users = org.all("User")
    if users:
        org.user_id = next(iter(users))
        return
    org.user_id = org.new_id("005")
    user: Record = {
        "Id": org.user_id,
        USERNAME_KEY: username,
        "FirstName": "Integration",
        "LastName": "User",
        "Name": "Integration User",
        "Alias": "integ",
        "Email": "integration@example.com",
        "TimeZoneSidKey": "GMT",
        "LocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
        "EmailEncodingKey": "UTF-8",
        "CurrencyIsoCode": "USD",
        "DefaultCurrencyIsoCode": "USD",
    }
    book: Record = {"Id": org.new_id("01s"), "Name": "Standard Price Book", "IsStandard": True}
    now = org.now()
    stamps = {"CreatedDate": now, "LastModifiedDate": now, "SystemModstamp": now}
    organization: Record = {"Id": org.id, "Name": "Sandbox", "IsSandbox": True, "OrganizationType": "Developer Edition"}
    by = {"CreatedById": org.user_id, "LastModifiedById": org.user_id}
    for name, record in (("Organization", organization), ("User", user), ("Pricebook2", book)):
        org.write(org.schema.types[name], {"IsActive": True} | record | stamps | by | {"IsDeleted": False})
