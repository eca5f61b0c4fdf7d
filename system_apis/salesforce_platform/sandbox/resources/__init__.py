"""The resources of the REST API and the table that says where each answers."""
