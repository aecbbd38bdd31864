package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"cloud.google.com/go/bigquery"
	storage "cloud.google.com/go/bigquery/storage/apiv1"
	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"google.golang.org/api/option"
)

func storageEndpoint() option.ClientOption {
	// Go takes the certificates that it trusts from here, not from gRPC's own variable.
	os.Setenv("SSL_CERT_FILE", os.Getenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"))
	return option.WithEndpoint("localhost:" + os.Getenv("STORAGE_PORT"))
}

// From here on the client reads tables and results by the Storage Read API.
func readsByStorage(ctx context.Context, client *bigquery.Client) error {
	return client.EnableStorageReadClient(ctx, storageEndpoint())
}

// By the Storage Read API's own client: a session, its streams, their Arrow batches.
func storageRows(ctx context.Context, table string) ([][]string, error) {
	reader, err := storage.NewBigQueryReadClient(ctx, storageEndpoint())
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	parts := strings.Split(table, ".")
	session, err := reader.CreateReadSession(ctx, &storagepb.CreateReadSessionRequest{
		Parent: "projects/" + os.Getenv("PROJECT"),
		ReadSession: &storagepb.ReadSession{
			Table:      fmt.Sprintf("projects/%s/datasets/%s/tables/%s", parts[0], parts[1], parts[2]),
			DataFormat: storagepb.DataFormat_ARROW,
		},
		MaxStreamCount: 1,
	})
	if err != nil {
		return nil, err
	}
	file := bytes.NewBuffer(session.GetArrowSchema().GetSerializedSchema())
	for _, stream := range session.GetStreams() {
		answers, err := reader.ReadRows(ctx, &storagepb.ReadRowsRequest{ReadStream: stream.GetName()})
		if err != nil {
			return nil, err
		}
		for {
			answer, err := answers.Recv()
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, err
			}
			file.Write(answer.GetArrowRecordBatch().GetSerializedRecordBatch())
		}
	}
	batches, err := ipc.NewReader(file)
	if err != nil {
		return nil, err
	}
	all := [][]string{}
	for batches.Next() {
		text, err := batches.Record().MarshalJSON()
		if err != nil {
			return nil, err
		}
		var rows []json.RawMessage
		if err := json.Unmarshal(text, &rows); err != nil {
			return nil, err
		}
		for _, row := range rows {
			all = append(all, []string{string(row)})
		}
	}
	return all, batches.Err()
}
