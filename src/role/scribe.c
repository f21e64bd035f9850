/* scribe.c -- a sensor's line to the recorder.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "role/scribe.h"

#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"
#include "store/client.h"

enum {
    QUEUE_MAX = 8 << 20,
    SEEN = 65536, /* hashes remembered, to tell new contents from known ones */
    SCRIPT_MIN = 2,
};

struct scribe {
    struct loop *loop;
    struct store_client *client;
    struct ipc *line; /* NULL: the recorder is away */
    size_t artefact_max;
    uint64_t seen[SEEN];
};

struct scribe *scribe_new(struct loop *l, const struct clock *c, const char *name,
                          size_t artefact_max, size_t spool)
{
    struct scribe *s = x_calloc(1, sizeof *s);
    struct store_client_conf conf = {.clock = c, .name = name, .spool_max = spool};

    if (!s)
        return NULL;
    s->loop = l;
    s->artefact_max = artefact_max;
    s->client = store_client_new(&conf);
    if (!s->client) {
        x_free(s);
        return NULL;
    }
    return s;
}

void scribe_free(struct scribe *s)
{
    if (!s)
        return;
    store_client_free(s->client);
    ipc_free(s->line);
    x_free(s);
}

/* --- the line ------------------------------------------------------------------ */

static void line_recv(void *ctx, uint32_t type, const void *body, size_t n, int fd)
{
    struct scribe *s = ctx;

    store_client_recv(s->client, type, body, n);
    if (fd >= 0)
        close(fd);
}

static void line_closed(void *ctx)
{
    struct scribe *s = ctx;

    store_client_line(s->client, NULL);
    ipc_free(s->line);
    s->line = NULL;
}

static void line_drained(void *ctx)
{
    struct scribe *s = ctx;

    store_client_pump(s->client);
}

void scribe_link(struct scribe *s, int fd)
{
    store_client_line(s->client, NULL);
    ipc_free(s->line);
    s->line = ipc_new(s->loop, fd, QUEUE_MAX, line_recv, line_closed, s);
    if (!s->line)
        return;
    ipc_on_drained(s->line, line_drained);
    store_client_line(s->client, s->line);
}

void scribe_flush(struct scribe *s, int ms)
{
    if (s->line && ipc_flush(s->line, ms) < 0)
        log_warn("the recorder did not take the last %zu bytes", store_client_waiting(s->client));
}

/* --- events and terminals ---------------------------------------------------------- */

/* A full spool counts what it refuses and tells later. */
static void unless_full(int r)
{
    if (r < 0 && r != ERR_LIMIT)
        log_warn("an event was not told: %s", err_text(r));
}

void scribe_event(struct scribe *s, enum event_id id, const struct event_source *src,
                  const void *fields)
{
    unless_full(store_client_event(s->client, id, src, fields));
}

void scribe_tty_open(struct scribe *s, const struct event_source *src,
                     const struct session_record *rec)
{
    struct store_tty_open m = {.tty = rec->id,
                               .name = event_s(rec->name),
                               .term = event_s(rec->term),
                               .command = event_s(rec->command),
                               .cols = rec->cols,
                               .rows = rec->rows};

    unless_full(store_client_tty_open(s->client, src, &m));
}

void scribe_tty_data(struct scribe *s, uint64_t id, char kind, const void *p, size_t n)
{
    unless_full(store_client_tty_data(s->client, id, kind, p, n));
}

void scribe_tty_close(struct scribe *s, uint64_t id)
{
    unless_full(store_client_tty_close(s->client, id));
}

/* --- files --------------------------------------------------------------------------- */

/* Programs, scripts and archives are what attackers hand over; a line echoed
 * into a file is recorded too, but brings no reward. */
static bool is_tool(const uint8_t *p, size_t n)
{
    static const struct {
        const char *magic;
        size_t n;
    } magics[] = {
        {"\x7f"
         "ELF",
         4},
        {"#!", 2},
        {"\x1f\x8b", 2},
        {"BZh", 3},
        {"\xfd"
         "7zXZ",
         5},
        {"PK\3\4", 4},
        {"MZ", 2},
    };

    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (n >= magics[i].n && memcmp(p, magics[i].magic, magics[i].n) == 0)
            return true;
    return n > 262 && memcmp(p + 257, "ustar", 5) == 0;
}

/* Was this content unknown to this sensor until now? Old ones are forgotten. */
static bool is_new(struct scribe *s, const uint8_t *p, size_t n)
{
    uint64_t h = hash_bytes(p, n) | 1, *slot = &s->seen[h % SEEN];
    bool fresh = *slot != h;

    *slot = h;
    return fresh;
}

/* Reads a node whole, up to max bytes; NULL if there is nothing or no memory. */
static uint8_t *read_node(struct vnode v, size_t max, size_t *n, bool *clipped)
{
    struct vfs_stat st;
    uint8_t *p;

    if (vfs_stat(v, NULL, &st) < 0 || st.size <= 0)
        return NULL;
    *clipped = (uint64_t)st.size > max;
    *n = *clipped ? max : (size_t)st.size;
    p = x_malloc(*n);
    for (size_t at = 0; p && at < *n;) {
        ssize_t r = vfs_read(v, NULL, p + at, *n - at, (int64_t)at);
        if (r <= 0) {
            *n = at;
            break;
        }
        at += (size_t)r;
    }
    return p;
}

bool scribe_artefact(struct scribe *s, const struct event_source *src, const struct scribe_file *f)
{
    struct event_file_redir redir = {.destfile = event_s(f->path)};
    struct event_file_download down = {.destfile = event_s(f->path), .url = event_s(f->url)};
    struct event_file_upload_sftp sftp = {.filename = event_s(f->path)};
    struct event_file_upload_scp scp = {.filename = event_s(f->path),
                                        .url = event_s(f->path),
                                        .outfile =
                                            event_s(""), /* the bare hash, as Cowrie has it */
                                        .destfile = event_s(f->path)};
    bool by_sftp = strcmp(f->how, "sftp") == 0, by_scp = strcmp(f->how, "scp") == 0;
    struct store_client_file file = {.what = {.how = event_s(by_sftp || by_scp ? "upload" : f->how),
                                              .path = event_s(f->path),
                                              .url = event_s(f->url)},
                                     .also = f->url    ? EVENT_FILE_DOWNLOAD
                                             : by_sftp ? EVENT_FILE_UPLOAD_SFTP
                                             : by_scp  ? EVENT_FILE_UPLOAD_SCP
                                                       : EVENT_FILE_REDIR,
                                     .also_fields = f->url    ? (void *)&down
                                                    : by_sftp ? (void *)&sftp
                                                    : by_scp  ? (void *)&scp
                                                              : (void *)&redir};
    bool clipped = false, told, reward;
    uint8_t *p = read_node(f->node, s->artefact_max, &file.n, &clipped);

    if (!p)
        return false;
    file.content = p;
    file.what.clipped = clipped;
    told = f->told && f->told(f->ctx, src, p, file.n);
    if (!told)
        unless_full(store_client_artefact(s->client, src, &file));
    reward = is_new(s, p, file.n) && (told || f->url || is_tool(p, file.n));
    x_free(p);
    return reward;
}

int scribe_content(struct scribe *s, const struct event_source *src, const struct scribe_content *c)
{
    struct event_file_download down = {.destfile = event_s(c->path), .url = event_s(c->url)};
    struct store_client_file file = {.what = {.how = event_s(c->how),
                                              .path = event_s(c->path),
                                              .url = event_s(c->url),
                                              .clipped = c->clipped},
                                     .content = c->p,
                                     .n = c->n,
                                     .also = EVENT_FILE_DOWNLOAD,
                                     .also_fields = &down};

    return store_client_artefact(s->client, src, &file);
}
