// Settings of the Node-RED peers: no editor, no pages, nothing installed while it runs, and a pool
// of database connections for the flow's functions, as Node-RED's documentation on
// functionGlobalContext shows. Addresses come from the environment: PEER_PARTS, PEER_DSN.
const { Pool } = require(`${process.env.PEER_PARTS}/node_modules/pg`);

module.exports = {
  flowFile: "flows.json",
  credentialSecret: false,
  httpAdminRoot: false,
  httpNodeRoot: false,
  functionExternalModules: false,
  externalModules: { autoInstall: false },
  telemetry: { enabled: false, updateNotification: false },
  logging: { console: { level: "warn", metrics: false, audit: false } },
  functionGlobalContext: {
    pool: new Pool({ connectionString: process.env.PEER_DSN, max: Number(process.env.PEER_POOL) }),
  },
};
