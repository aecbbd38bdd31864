export type { DatasetResource, TableResource } from "./catalog.ts";
export type { PlainRow } from "./load.ts";
export type { Fault, FaultEffect, FaultTarget } from "./misbehave.ts";
export type { RecordedRequest } from "./server.ts";
export type { TableReference } from "./sql/names.ts";
export type { Field, FieldMode, FieldType } from "./sql/types.ts";
export { DEMO_PROJECT, startWarehouse, type Warehouse, type WarehouseOptions } from "./warehouse.ts";
