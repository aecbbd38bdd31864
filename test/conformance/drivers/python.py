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


def loaded(client, table):
    """What three tables hold, made by JSON rows, by a CSV file without a known size (an upload in pieces) and by a DataFrame."""
    import datetime
    import io

    import pandas

    days = [datetime.date(2026, 2, 28), datetime.date(2026, 3, 1)]
    fields = [("day", "DATE"), ("word", "STRING"), ("n", "INTEGER")]
    schema = [bigquery.SchemaField(name, type_) for name, type_ in fields]
    config = {"schema": schema, "write_disposition": "WRITE_TRUNCATE"}
    json_rows = [{"day": str(day), "word": f"a,\"é {n}", "n": n} for n, day in enumerate(days)]
    client.load_table_from_json(json_rows, f"{table}_json", job_config=bigquery.LoadJobConfig(**config)).result()
    csv = io.BytesIO("day,word,n\n2026-02-28,\"a,\"\"é 0\",0\n2026-03-01,\"a,\"\"é 1\",1\n".encode())
    csv_config = bigquery.LoadJobConfig(skip_leading_rows=1, source_format="CSV", **config)
    client.load_table_from_file(csv, f"{table}_csv", job_config=csv_config).result()
    frame = pandas.DataFrame({"day": days, "word": ["a,\"é 0", "a,\"é 1"], "n": [0, 1]})
    client.load_table_from_dataframe(frame, f"{table}_frame", job_config=bigquery.LoadJobConfig(**config)).result()
    return [row for way in ("json", "csv", "frame") for row in client.query(f"SELECT * FROM `{table}_{way}` ORDER BY day").result()]


def loaded_large(client, step):
    """What the step asks of a table of as many rows as it says, which come from a file: an upload in pieces, here of one."""
    import tempfile

    fields = [("n", "INTEGER"), ("born", "DATE"), ("word", "STRING")]
    schema = [bigquery.SchemaField(name, type_) for name, type_ in fields]
    with tempfile.TemporaryFile() as file:
        for n in range(step["rows"]):
            line = {"n": n, "born": f"{1950 + n % 50}-05-17", "word": "w" * 85}
            file.write(f"{json.dumps(line)}\n".encode())
        config = {"source_format": "NEWLINE_DELIMITED_JSON", "schema": schema, "write_disposition": "WRITE_TRUNCATE"}
        client.load_table_from_file(file, step["table"], rewind=True, job_config=bigquery.LoadJobConfig(**config)).result()
    return client.query(step["sql"]).result()


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
    if how == "load":
        return loaded(client, step["table"])
    if how == "large_load":
        return loaded_large(client, step)
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
