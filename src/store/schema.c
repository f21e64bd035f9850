/* schema.c -- the tables, version by version.
 *
 * Names of tables and columns that Cowrie has are Cowrie's; sessions.sensor is
 * always 1, the one row of sensors. Each entry brings a store of the version
 * before it to its own; entries are never changed once released.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "store/schema.h"

#include <stddef.h>

static const char *const versions[] = {
    /* 1 */
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT);"
    "CREATE TABLE sensors(id INTEGER PRIMARY KEY, ip TEXT);"
    "CREATE TABLE sessions(id TEXT PRIMARY KEY, starttime TEXT NOT NULL, endtime TEXT,"
    " sensor INTEGER, ip TEXT NOT NULL DEFAULT '', termsize TEXT, client INTEGER,"
    " src_port INTEGER, dst_ip TEXT, dst_port INTEGER, protocol TEXT, hassh TEXT, country TEXT,"
    " username TEXT, reason TEXT, duration_ms INTEGER, logins INTEGER, failures INTEGER,"
    " commands INTEGER, artefacts INTEGER, bytes_in INTEGER, bytes_out INTEGER) WITHOUT ROWID;"
    "CREATE INDEX sessions_time ON sessions(starttime);"
    "CREATE INDEX sessions_ip ON sessions(ip);"
    "CREATE TABLE clients(id INTEGER PRIMARY KEY, version TEXT NOT NULL UNIQUE);"
    "CREATE TABLE auth(id INTEGER PRIMARY KEY, session TEXT NOT NULL, success INTEGER NOT NULL,"
    " username TEXT NOT NULL, password TEXT, timestamp TEXT NOT NULL, fingerprint TEXT);"
    "CREATE INDEX auth_session ON auth(session);"
    "CREATE TABLE input(id INTEGER PRIMARY KEY, session TEXT NOT NULL, timestamp TEXT NOT NULL,"
    " realm TEXT, success INTEGER, input TEXT NOT NULL);"
    "CREATE INDEX input_session ON input(session);"
    "CREATE TABLE downloads(id INTEGER PRIMARY KEY, session TEXT NOT NULL,"
    " timestamp TEXT NOT NULL, url TEXT NOT NULL, outfile TEXT, shasum TEXT, destfile TEXT);"
    "CREATE INDEX downloads_session ON downloads(session);"
    "CREATE TABLE ttylog(id INTEGER PRIMARY KEY, session TEXT NOT NULL, ttylog TEXT NOT NULL,"
    " size INTEGER NOT NULL, shasum TEXT, duration_ms INTEGER, timestamp TEXT);"
    "CREATE INDEX ttylog_session ON ttylog(session);"
    "CREATE INDEX ttylog_shasum ON ttylog(shasum);"
    "CREATE TABLE keyfingerprints(id INTEGER PRIMARY KEY, session TEXT NOT NULL,"
    " username TEXT NOT NULL, fingerprint TEXT NOT NULL, type TEXT, key TEXT, timestamp TEXT);"
    "CREATE INDEX keyfingerprints_session ON keyfingerprints(session);"
    "CREATE TABLE params(id INTEGER PRIMARY KEY, session TEXT NOT NULL, arch TEXT NOT NULL);"
    "CREATE TABLE ipforwards(id INTEGER PRIMARY KEY, session TEXT NOT NULL,"
    " timestamp TEXT NOT NULL, dst_ip TEXT NOT NULL, dst_port INTEGER NOT NULL);"
    "CREATE TABLE ipforwardsdata(id INTEGER PRIMARY KEY, session TEXT NOT NULL,"
    " timestamp TEXT NOT NULL, dst_ip TEXT NOT NULL, dst_port INTEGER NOT NULL, data TEXT NOT "
    "NULL);"
    "CREATE TABLE decisions(id INTEGER PRIMARY KEY, session TEXT NOT NULL,"
    " timestamp TEXT NOT NULL, step INTEGER, input TEXT NOT NULL, action TEXT NOT NULL,"
    " action_id INTEGER NOT NULL, kind TEXT, path TEXT, code INTEGER, state TEXT, q TEXT,"
    " propensity REAL, explored INTEGER, policy_version INTEGER, agent TEXT, decide_us INTEGER,"
    " delay_ms INTEGER, effect TEXT);"
    "CREATE INDEX decisions_session ON decisions(session);"
    "CREATE TABLE transitions(id INTEGER PRIMARY KEY, session TEXT NOT NULL,"
    " timestamp TEXT NOT NULL, step INTEGER, action TEXT NOT NULL, action_id INTEGER NOT NULL,"
    " reward REAL, reward_profile TEXT, done INTEGER, explored INTEGER, propensity REAL,"
    " policy_version INTEGER, state TEXT, next_state TEXT, artefacts INTEGER, wait_s REAL,"
    " novelty REAL);"
    "CREATE INDEX transitions_session ON transitions(session);"
    "CREATE TABLE policies(id INTEGER PRIMARY KEY, timestamp TEXT NOT NULL, version INTEGER,"
    " agent TEXT, loss REAL, epsilon REAL, steps INTEGER, seen INTEGER, replay INTEGER,"
    " reward_mean REAL);"
    "CREATE TABLE artefacts(sha256 TEXT PRIMARY KEY, size INTEGER, mime TEXT, facts TEXT,"
    " clipped INTEGER, first_seen TEXT, last_seen TEXT, seen INTEGER) WITHOUT ROWID;"
    "CREATE TABLE artefact_sources(id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, session TEXT,"
    " timestamp TEXT NOT NULL, how TEXT, path TEXT, url TEXT);"
    "CREATE INDEX artefact_sources_sha256 ON artefact_sources(sha256);"
    "CREATE INDEX artefact_sources_session ON artefact_sources(session);"
    "CREATE TABLE events(id INTEGER PRIMARY KEY, session TEXT, timestamp TEXT NOT NULL,"
    " eventid TEXT NOT NULL, json TEXT NOT NULL);"
    "CREATE INDEX events_session ON events(session);"
    /* What files still lack of the latest transaction, which terminals' records
     * are open, and how far each sender was stored: for the recorder's start. */
    "CREATE TABLE journal(id INTEGER PRIMARY KEY, path TEXT, at INTEGER, bytes BLOB);"
    "CREATE TABLE ttyopen(instance INTEGER, tty INTEGER, path TEXT, head BLOB,"
    " PRIMARY KEY(instance, tty)) WITHOUT ROWID;"
    "CREATE TABLE senders(instance INTEGER PRIMARY KEY, number INTEGER, timestamp TEXT);",
};

int schema_version(void)
{
    return (int)(sizeof versions / sizeof versions[0]);
}

const char *schema_step(int version)
{
    return version >= 1 && version <= schema_version() ? versions[version - 1] : NULL;
}
