"""Business data on SQLite (embedded) or PostgreSQL (distributed), by SQLAlchemy Core; schema changes by Alembic."""

from tollway.storage.database import Database, open_database

__all__ = ["Database", "open_database"]
