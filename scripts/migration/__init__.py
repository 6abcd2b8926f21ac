"""Other SPs' configurations become one of this module: scripts/migrate."""
