import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { discoveryDocument } from "./discovery.ts";
import { matchRoute } from "./routes.ts";

interface Described {
  readonly path: string;
  readonly httpMethod: string;
  readonly parameters: Readonly<Record<string, { readonly location: string }>>;
}
const document = discoveryDocument("https://gateway.example") as {
  readonly baseUrl: string;
  readonly resources: Readonly<Record<string, { readonly methods: Readonly<Record<string, Described>> }>>;
};

describe("the description of the API", () => {
  it("names methods that the router serves under these names, with these parameters", () => {
    const described = Object.entries(document.resources).flatMap(([resource, { methods }]) =>
      Object.entries(methods).map(([name, method]) => [`${resource}.${name}`, method] as const),
    );
    assert.ok(described.length > 15);
    for (const [name, { path, httpMethod, parameters }] of described) {
      const target = path.replace(/\{\+\w+\}/g, "some_id");
      const query = Object.entries(parameters).filter(([, { location }]) => location === "query");
      const search = query.map(([parameter]) => `${parameter}=1`).join("&");
      assert.equal(matchRoute(httpMethod, `/bigquery/v2/${target}?${search}`).name, name);
    }
  });

  it("names nothing that is refused, and is served where bq asks for it", () => {
    assert.equal(document.resources.rowAccessPolicies?.methods.list, undefined);
    assert.equal(document.resources.models?.methods.patch, undefined);
    assert.equal(document.resources.jobs?.methods.delete, undefined);
    for (const path of ["/$discovery/rest?version=v2", "/discovery/v1/apis/bigquery/v2/rest"])
      assert.equal(matchRoute("GET", path).name, "discovery.getRest");
  });
});
