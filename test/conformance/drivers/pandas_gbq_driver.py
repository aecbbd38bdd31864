"""pandas-gbq. Usage: pandas_gbq_driver.py STEP (a JSON text); prints one JSON line. See ../README.md."""

import json
import os
import sys

import pandas_gbq
from google.cloud import bigquery

step = json.loads(sys.argv[1])
try:
    client = bigquery.Client(project=os.environ["PROJECT"], client_options={"api_endpoint": os.environ["ENDPOINT"]})
    frame = pandas_gbq.read_gbq(
        step["sql"],
        project_id=os.environ["PROJECT"],
        bigquery_client=client,
        use_bqstorage_api=False,
        progress_bar_type=None,
        configuration={
            "query": {
                "queryParameters": [
                    {
                        "name": name,
                        "parameterType": {"type": "ARRAY", "arrayType": {"type": type_[6:-1]}},
                        "parameterValue": {"arrayValues": [{"value": part} for part in value]},
                    }
                    if type_.startswith("ARRAY<")
                    else {"name": name, "parameterType": {"type": type_}, "parameterValue": {"value": str(value)}}
                    for name, type_, value in step.get("parameters", [])
                ],
                "parameterMode": "NAMED",
            }
        }
        if "parameters" in step
        else None,
    )
    answer = {"rows": [[str(value) for value in row] for row in frame.values.tolist()]}
except Exception as error:  # what a user's code would see
    answer = {"error": {"kind": type(error).__name__, "message": str(error)}}
print(json.dumps(answer))
