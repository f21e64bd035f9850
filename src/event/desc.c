/* desc.c -- the descriptors of all events, and the document made from them.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "event/event.h"

/* The sentinel row makes an array of the events that have no fields, too. */
#define EVENT(ID, name, text, message) static const struct event_field fields_##name[] = {
#define FIELD(ev, TYPE, field, about)                                                              \
    {#field, EVENT_##TYPE, offsetof(struct event_##ev, field), about},
#define END(name)                                                                                  \
    {                                                                                              \
        NULL, 0, 0, NULL                                                                           \
    }                                                                                              \
    }                                                                                              \
    ;
#include "event/events.def"
#undef EVENT
#undef FIELD
#undef END

static const struct event_desc table[EVENT_COUNT] = {
#define EVENT(ID, ev, text, msg)                                                                   \
    [EVENT_##ID] = {.name = text,                                                                  \
                    .message = msg,                                                                \
                    .fields = fields_##ev,                                                         \
                    .nfields = sizeof fields_##ev / sizeof fields_##ev[0] - 1,                     \
                    .size = sizeof(struct event_##ev)},
#define FIELD(name, TYPE, field, about)
#define END(name)
#include "event/events.def"
#undef EVENT
#undef FIELD
#undef END
};

const struct event_desc *event_desc(unsigned id)
{
    return id < EVENT_COUNT ? &table[id] : NULL;
}

const struct event_field *event_field(const struct event_desc *d, const char *name)
{
    for (size_t i = 0; i < d->nfields; i++)
        if (strcmp(d->fields[i].name, name) == 0)
            return &d->fields[i];
    return NULL;
}

const char *event_protocol_name(int protocol)
{
    return protocol == EVENT_SSH ? "ssh" : protocol == EVENT_TELNET ? "telnet" : "";
}

static const char *const type_names[] = {
    [EVENT_STR] = "string",
    [EVENT_ESC] = "string, escaped",
    [EVENT_HEX] = "string of hex digits",
    [EVENT_REPR] = "string, Python bytes",
    [EVENT_INT] = "integer",
    [EVENT_BOOL] = "boolean",
    [EVENT_DBL] = "number",
    [EVENT_STRS] = "array of strings",
    [EVENT_NUMS] = "array of numbers",
};

static void docs_event(struct str *out, const struct event_desc *d)
{
    str_printf(out, "\n### %s\n\n", d->name);
    if (d->message[0])
        str_printf(out, "Message: `%s`\n", d->message);
    else
        str_puts(out, "Message: empty\n");
    if (!d->nfields)
        return;
    str_puts(out, "\n| field | type | what it is |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < d->nfields; i++)
        str_printf(out, "| %s | %s | %s |\n", d->fields[i].name, type_names[d->fields[i].type],
                   d->fields[i].about);
}

void event_docs(struct str *out)
{
    str_puts(out,
             "# Events\n\n"
             "Written by `qrassh events` from src/event/events.def; a test keeps them equal.\n\n"
             "Each line of `log/qrassh.json` is one JSON object. All begin with the envelope:\n\n"
             "| key | type | what it is |\n| --- | --- | --- |\n"
             "| eventid | string | one of the ids below |\n"
             "| session | string | 12 hex digits, one per connection; absent in events of the "
             "program itself |\n"
             "| src_ip, src_port | string, integer | the attacker |\n"
             "| dst_ip, dst_port | string, integer | the address reached; in forwarding events the "
             "destination asked for |\n"
             "| protocol | string | ssh or telnet |\n"
             "| sensor, uuid | string | this installation |\n"
             "| timestamp | string | UTC with microseconds |\n"
             "| message | string | the event as a sentence |\n"
             "| late | boolean | only if told after the connection had closed |\n"
             "| epoch | integer | milliseconds since 1970, only if configured |\n\n"
             "Then come the event's own fields. Texts that are not UTF-8 are written as Python "
             "writes bytes (`b'...'`); *escaped* means that bytes outside 0x20 to 0x7e are `\\xNN` "
             "and backslashes are doubled. A text that is not known is left out. Entries of the "
             "same id are variants with other fields.\n");
    for (unsigned id = 0; id < EVENT_COUNT; id++)
        docs_event(out, &table[id]);
}
