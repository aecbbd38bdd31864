/** Who is who in the demo. Everybody here is made up. */

export interface DemoPerson {
  readonly subject: string;
  readonly name: string;
  readonly email: string;
  readonly groups: readonly string[];
  /** Asked for at the login page, if given. */
  readonly password?: string;
}

export interface DemoAgent {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly name: string;
  readonly groups: readonly string[];
  /** Subject of the person who answers for the agent. */
  readonly sponsor: string;
}

export const DEMO_PEOPLE: readonly DemoPerson[] = [
  { subject: "dana.officer", name: "Dana Officer", email: "dana@clinic.example", groups: ["privacy-officers"] },
  { subject: "sam.sponsor", name: "Sam Sponsor", email: "sam@clinic.example", groups: ["data-platform"] },
  { subject: "avery.auditor", name: "Avery Auditor", email: "avery@clinic.example", groups: ["auditors"] },
  { subject: "casey.clinician", name: "Casey Clinician", email: "casey@clinic.example", groups: ["clinicians"] },
  { subject: "rio.reviewer", name: "Rio Reviewer", email: "rio@clinic.example", groups: ["privacy-officers"] },
];

/** Through which people talk to the care summary agent. */
export const DEMO_ASSISTANT = {
  clientId: "care-assistant",
  audience: "chaperone-delegation",
  actor: "care-summary-agent",
} as const;

/** The demo's agents, with the secrets that a run has made up for them. */
export function demoAgents(secretFor: (clientId: string) => string): readonly DemoAgent[] {
  const agent = (clientId: string, name: string, groups: readonly string[]): DemoAgent => ({
    clientId,
    clientSecret: secretFor(clientId),
    name,
    groups,
    sponsor: "sam.sponsor",
  });
  return [
    agent("care-summary-agent", "Care summary agent", ["clinical-agents"]),
    agent("research-agent", "Research agent", ["research-agents"]),
    agent("rogue-agent", "Rogue agent", []),
  ];
}
