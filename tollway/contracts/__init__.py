"""API contracts: `document` generates one from a service's handlers, `published` checks requests against one."""
