import { type Command, Option } from "commander";
import { type ApiClient, apiClient } from "../api-client.ts";
import { loadToken } from "../login/index.ts";
import { gatewayUrl } from "../secure-url.ts";

export interface GatewayOptions {
  readonly gateway: string;
  readonly tokenFile?: string;
}

/** Adds the options by which a command finds the gateway and the person's token. */
export function withGateway(command: Command): Command {
  return command
    .addOption(new Option("--gateway <url>", "the gateway").env("CHAPERONE_GATEWAY").default("http://127.0.0.1:8080"))
    .addOption(
      new Option("--token-file <file>", "where `chaperone login` keeps the token").env("CHAPERONE_TOKEN_FILE"),
    );
}

export function clientOf(options: GatewayOptions): ApiClient {
  return apiClient(gatewayUrl(options.gateway), () =>
    loadToken(options.tokenFile === undefined ? {} : { tokenFile: options.tokenFile }),
  );
}
