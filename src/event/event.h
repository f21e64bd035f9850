/* event.h -- what attackers did, typed: the contract between those who see it
 * and those who record it.
 *
 * A caller fills the struct of its event by name and hands it to event_encode:
 *
 *     event_encode(&b, EVENT_LOGIN_FAILED, &source, now,
 *                  &(struct event_login_failed){.username = event_sn(u, n),
 *                                               .password = event_s(password)});
 *
 * The bytes cross a socket to the recorder, which does not trust them:
 * event_decode accepts only what event_encode could have written. Sinks loop
 * over descriptors and know no event by name.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum event_id {
#define EVENT(ID, name, text, message) EVENT_##ID,
#define FIELD(name, TYPE, field, about)
#define END(name)
#include "event/events.def"
#undef EVENT
#undef FIELD
#undef END
    EVENT_COUNT
};

enum event_type {
    EVENT_STR,
    EVENT_ESC,
    EVENT_HEX,
    EVENT_REPR,
    EVENT_INT,
    EVENT_BOOL,
    EVENT_DBL,
    EVENT_STRS,
    EVENT_NUMS,
};

enum {
    EVENT_MAX = 96 * 1024,     /* bytes of an encoded event; fits a message with room to spare */
    EVENT_STR_MAX = 48 * 1024, /* bytes of one text; longer ones are clipped with a marker */
    EVENT_ITEMS = 512,         /* elements of all lists of one event together */
};

/* Borrowed bytes, which may hold anything. p NULL: absent. */
struct event_str {
    const char *p;
    size_t n;
};
struct event_strs {
    const struct event_str *v;
    size_t n;
};
struct event_nums {
    const float *v;
    size_t n;
};

static inline struct event_str event_sn(const void *p, size_t n)
{
    return (struct event_str){(const char *)p, n};
}
static inline struct event_str event_s(const char *s)
{
    return (struct event_str){s, s ? strlen(s) : 0};
}

/* One struct per event: struct event_login_failed and so on. Events without
 * fields have an empty one; give NULL for it. */
#define EVENT_C_STR struct event_str
#define EVENT_C_ESC struct event_str
#define EVENT_C_HEX struct event_str
#define EVENT_C_REPR struct event_str
#define EVENT_C_INT int64_t
#define EVENT_C_BOOL bool
#define EVENT_C_DBL double
#define EVENT_C_STRS struct event_strs
#define EVENT_C_NUMS struct event_nums
#define EVENT(ID, name, text, message) struct event_##name {
#define FIELD(name, TYPE, field, about) EVENT_C_##TYPE field;
#define END(name)                                                                                  \
    }                                                                                              \
    ;
#include "event/events.def"
#undef EVENT
#undef FIELD
#undef END

enum event_protocol { EVENT_NO_PROTOCOL, EVENT_SSH, EVENT_TELNET };

/* Whose event it is. All zero for those of the program itself. */
struct event_source {
    char session[13]; /* 12 lower-case hex digits */
    char src_ip[46], dst_ip[46];
    uint16_t src_port, dst_port;
    uint8_t protocol; /* enum event_protocol */
    bool late;        /* told after the connection had closed */
};

/* --- descriptors ----------------------------------------------------------- */
struct event_field {
    const char *name;
    uint8_t type; /* enum event_type */
    uint16_t offset;
    const char *about;
};
struct event_desc {
    const char *name; /* "cowrie.login.failed" */
    const char *message;
    const struct event_field *fields;
    size_t nfields;
    size_t size; /* of the struct */
};
/* NULL for a number that is no event. Static storage. */
const struct event_desc *event_desc(unsigned id);
/* The field of that name or NULL. */
const struct event_field *event_field(const struct event_desc *d, const char *name);

/* --- between processes ------------------------------------------------------- */
union event_any {
#define EVENT(ID, name, text, message) struct event_##name name;
#define FIELD(name, TYPE, field, about)
#define END(name)
#include "event/events.def"
#undef EVENT
#undef FIELD
#undef END
};

/* A decoded event. Texts point into the bytes it was decoded from, lists into
 * the struct itself: do not copy it. */
struct event {
    unsigned id; /* enum event_id */
    int64_t real_us;
    struct event_source source;
    union event_any u;
    struct event_str strs[EVENT_ITEMS];
    float nums[EVENT_ITEMS];
};

/* Appends one event to b, at most EVENT_MAX bytes: texts that do not fit are
 * clipped and end in "...[+N bytes]", lists are cut. source may be NULL for the
 * program's own events, fields for those without any. 0, ERR_LIMIT or
 * ERR_NOMEM (b's), ERR_RANGE for a wrong id. */
int event_encode(struct buf *b, enum event_id id, const struct event_source *source,
                 int64_t real_us, const void *fields) NODISCARD;
/* The reverse, of untrusted bytes; p must outlive out. 0, ERR_FORMAT or
 * ERR_RANGE. All n bytes must belong to the event. */
int event_decode(struct event *out, const void *p, size_t n) NODISCARD;

/* --- as text ------------------------------------------------------------------ */
struct event_json_conf {
    const char *sensor, *uuid; /* of this installation; NULL leaves them out */
    bool epoch;                /* adds milliseconds since 1970 */
};
/* Appends one JSON object without a newline. */
void event_json(struct str *out, const struct event *e, const struct event_json_conf *conf);
/* Appends the human sentence, not escaped. */
void event_message(struct str *out, const struct event *e);
/* Appends a text field as records show it: ESC, HEX and REPR applied; texts that
 * are not UTF-8 as Python writes b'...'. */
void event_text(struct str *out, enum event_type type, struct event_str s);
/* "2026-01-31T23:59:59.123456Z"; out has 32 bytes. */
void event_time(char out[32], int64_t real_us);
const char *event_protocol_name(int protocol); /* "ssh", "telnet", "" */
/* A fresh session id from secret randomness; 0 or ERR_CRYPTO. */
int event_session_id(char out[13]) NODISCARD;
/* docs/EVENTS.md as it should be. */
void event_docs(struct str *out);

#endif
