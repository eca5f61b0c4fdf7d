"""`tollway demo`: people at work in CRM, PSA and ERP, and Tollway carrying their deals from closed-won to cash."""
