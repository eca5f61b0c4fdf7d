"""Runs the migrations on the connection it is given; there is no other way to run them."""

from alembic import context

from tollway.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
