"""sqlalchemy-bigquery. Usage: sqlalchemy_driver.py STEP (a JSON text); prints one JSON line. See ../README.md."""

import datetime
import json
import os
import sys

import sqlalchemy
from google.cloud import bigquery

step = json.loads(sys.argv[1])
try:
    client = bigquery.Client(project=os.environ["PROJECT"], client_options={"api_endpoint": os.environ["ENDPOINT"]})
    engine = sqlalchemy.create_engine(f"bigquery://{os.environ['PROJECT']}?user_supplied_client=True", connect_args={"client": client})
    with engine.connect() as connection:
        values = {
            name: datetime.date.fromisoformat(value) if type_ == "DATE" else value
            for name, type_, value in step.get("parameters", [])
        }
        text = sqlalchemy.text(step["sql"].replace("@", ":") if values else step["sql"])
        answer = {"rows": [[str(value) for value in row] for row in connection.execute(text, values)]}
except Exception as error:  # what a user's code would see
    answer = {"error": {"kind": type(error).__name__, "message": str(error)}}
print(json.dumps(answer))
