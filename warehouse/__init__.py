"""The only room that speaks DuckDB: connection, migrations, queries, publication."""
