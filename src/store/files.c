/* files.c -- artefacts between message and folder.
 *
 * Hash, type and whether it is new are found when a file arrives; its bytes
 * are written by the next commit, before the rows that speak of it.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "store/store_priv.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/log.h"
#include "store/artefact.h"

static bool waits(struct store *s, const char *sha256)
{
    LIST_EACH(l, &s->files)
    if (strcmp(LIST_ENTRY(l, struct store_file, link)->sha256, sha256) == 0)
        return true;
    return false;
}

static void set_text(struct event *e, const char *field, const char *value)
{
    const struct event_field *f = event_field(event_desc(e->id), field);

    if (f && f->type == EVENT_STR)
        *(struct event_str *)((char *)&e->u + f->offset) = event_s(value);
}

static void set_bool(struct event *e, const char *field, bool value)
{
    const struct event_field *f = event_field(event_desc(e->id), field);

    if (f && f->type == EVENT_BOOL)
        *(bool *)((char *)&e->u + f->offset) = value;
}

static struct event_str get_text(struct event *e, const char *field)
{
    const struct event_field *f = event_field(event_desc(e->id), field);

    return f && f->type == EVENT_STR ? *(struct event_str *)((char *)&e->u + f->offset)
                                     : (struct event_str){NULL, 0};
}

static int keep_file(struct store *s, const char *sha256, const void *p, size_t n, bool mapped)
{
    struct store_file *file = x_calloc(1, sizeof *file);

    if (!file)
        return ERR_NOMEM;
    if (mapped) {
        file->p = (void *)(uintptr_t)p;
    } else if ((file->p = x_malloc(n + 1))) {
        memcpy(file->p, p, n);
    } else {
        x_free(file);
        return ERR_NOMEM;
    }
    file->n = n;
    file->mapped = mapped;
    (void)str_copy(file->sha256, sizeof file->sha256, sha256);
    list_push(&s->files, &file->link);
    s->file_bytes += n;
    return 0;
}

static void file_free(struct store_file *f)
{
    list_del(&f->link);
    if (f->mapped)
        munmap(f->p, f->n);
    else
        x_free(f->p);
    x_free(f);
}

/* Fills what the content tells into both events and adds them. */
static int add_artefact(struct store *s, const struct store_artefact *m, const char *sha256,
                        const void *p, size_t n, bool known)
{
    char mime[96], facts[160], relative[80], outfile[STORE_PATH];
    int err = event_decode(s->event, m->event.p, m->event.n);

    if (err || s->event->id != EVENT_ARTEFACT)
        return ERR_FORMAT;
    artefact_mime(p, n, mime, sizeof mime);
    artefact_facts(p, n, facts, sizeof facts);
    s->event->u.artefact.sha256 = event_s(sha256);
    s->event->u.artefact.size = (int64_t)n;
    s->event->u.artefact.mime = event_s(mime);
    s->event->u.artefact.facts = event_s(facts[0] ? facts : NULL);
    s->event->u.artefact.duplicate = known;
    if ((err = store_add(s, s->event)) || !m->also.p)
        return err;
    if ((err = event_decode(s->event, m->also.p, m->also.n)))
        return err;
    struct event_str wish = get_text(s->event, "outfile");
    (void)str_fmt(relative, sizeof relative, "artefacts/%s", sha256);
    store_shown(s, relative, outfile);
    set_text(s->event, "outfile", wish.p && !wish.n ? sha256 : outfile);
    set_text(s->event, "shasum", sha256);
    set_bool(s->event, "duplicate", known);
    return store_add(s, s->event);
}

int store_file_recv(struct store_sender *f, struct buf *b, int fd)
{
    struct store *s = f->store;
    struct store_artefact m;
    const void *p = NULL;
    size_t n = 0;
    uint8_t digest[32];
    char sha256[65];
    int err = store_get_artefact(b, &m);

    if (err)
        return err;
    if (m.content.p) {
        p = m.content.p;
        n = m.content.n;
    } else if (fd < 0 || (err = ipc_memfd_map(fd, &p, &n))) {
        return fd < 0 ? ERR_FORMAT : err;
    }
    if (n > STORE_ARTEFACT_MAX) {
        err = ERR_LIMIT;
    } else {
        hash_sha256(digest, p, n);
        hex_encode(sha256, digest, sizeof digest);
        bool pending = waits(s, sha256), known = pending || db_artefact_known(s->db, sha256);
        err = add_artefact(s, &m, sha256, p, n, known);
        s->stats.artefacts += !err && !known;
        if (!err && !pending && !(err = keep_file(s, sha256, p, n, !m.content.p)))
            return 0; /* it owns the mapping now */
    }
    if (!m.content.p)
        munmap((void *)(uintptr_t)p, n);
    return err;
}

int store_file_put(struct store *s)
{
    char dir[STORE_PATH];

    store_path(s, "artefacts", dir);
    LIST_EACH(l, &s->files)
    {
        struct store_file *f = LIST_ENTRY(l, struct store_file, link);
        int err = artefact_write(dir, f->sha256, f->p, f->n);
        if (err) {
            log_error("cannot write to %s: %s", dir, strerror(errno));
            return err;
        }
    }
    return 0;
}

void store_file_forget(struct store *s)
{
    LIST_EACH_SAFE(l, &s->files)
    file_free(LIST_ENTRY(l, struct store_file, link));
    s->file_bytes = 0;
}
