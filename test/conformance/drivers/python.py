"""google-cloud-bigquery. Usage: python.py STEP (a JSON text); prints one JSON line. See ../README.md."""

import json
import os
import sys

from google.cloud import bigquery


def shown(value):
    """A value as JSON: rows, lists and dictionaries by their parts, all else as text with its type."""
    if isinstance(value, dict):
        return {key: shown(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [shown(part) for part in value]
    if value is None or isinstance(value, bool):
        return value
    return f"{type(value).__name__} {value}"


def parameters(step):
    return [
        bigquery.ArrayQueryParameter(name, type_[6:-1], value)
        if type_.startswith("ARRAY<")
        else bigquery.ScalarQueryParameter(name, type_, value)
        for name, type_, value in step.get("parameters", [])
    ]


def rows(step):
    client = bigquery.Client(project=os.environ["PROJECT"], client_options={"api_endpoint": os.environ["ENDPOINT"]})
    config = bigquery.QueryJobConfig(query_parameters=parameters(step))
    how = step["how"]
    if how == "query":
        return client.query(step["sql"], job_config=config).result(page_size=step.get("pageSize"))
    if how == "query_and_wait":
        return client.query_and_wait(step["sql"], job_config=config, page_size=step.get("pageSize"))
    if how == "dataframe":
        frame = client.query(step["sql"], job_config=config).to_dataframe(create_bqstorage_client=False)
        return [[str(value) for value in row] for row in frame.values.tolist()]
    if how == "arrow":
        table = client.query(step["sql"], job_config=config).to_arrow(create_bqstorage_client=False)
        return [list(row.values()) for row in table.to_pylist()]
    if how == "dbapi":
        from google.cloud.bigquery import dbapi

        cursor = dbapi.connect(client).cursor()
        cursor.execute(step["sql"])
        return cursor.fetchall()
    if how == "list_rows":
        return client.list_rows(client.get_table(step["table"]), max_results=step["limit"])
    if how == "storage":
        from google.cloud import bigquery_storage

        options = {"api_endpoint": f"localhost:{os.environ['STORAGE_PORT']}"}
        storage = bigquery_storage.BigQueryReadClient(client_options=options)
        return [list(row.values()) for row in client.list_rows(step["table"]).to_arrow(bqstorage_client=storage).to_pylist()]
    raise ValueError(how)


try:
    answer = {"rows": [shown(list(row.values()) if hasattr(row, "values") else row) for row in rows(json.loads(sys.argv[1]))]}
except Exception as error:  # what a user's code would see
    answer = {"error": {"kind": type(error).__name__, "message": str(error)}}
print(json.dumps(answer))
