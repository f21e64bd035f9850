/* attack_plan.c -- recorded sessions as plans to be played again.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/attack_plan.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "base/str.h"

enum { LINE_MAX_BYTES = 16 << 20 };

static const char *text_of(const cJSON *o, const char *key)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    return s ? s : "";
}

static int read_logins(struct attack_plan *p, struct arena *a, const cJSON *list)
{
    struct attack_login *v = arena_zalloc(a, sizeof *v * ((size_t)cJSON_GetArraySize(list) + 1));
    const cJSON *item;

    if (!v)
        return ERR_NOMEM;
    cJSON_ArrayForEach(item, list)
    {
        const char *user = cJSON_GetStringValue(cJSON_GetArrayItem(item, 0));
        const char *password = cJSON_GetStringValue(cJSON_GetArrayItem(item, 1));
        v[p->nlogins].user = arena_strdup(a, user ? user : "root");
        v[p->nlogins].password = arena_strdup(a, password ? password : "");
        if (!v[p->nlogins].user || !v[p->nlogins].password)
            return ERR_NOMEM;
        p->nlogins++;
    }
    p->logins = v;
    return 0;
}

static int read_steps(struct attack_plan *p, struct arena *a, const cJSON *list)
{
    struct attack_step *v = arena_zalloc(a, sizeof *v * ((size_t)cJSON_GetArraySize(list) + 1));
    double before = -1;
    const cJSON *item;

    if (!v)
        return ERR_NOMEM;
    cJSON_ArrayForEach(item, list)
    {
        const cJSON *t = cJSON_GetObjectItemCaseSensitive(item, "t");
        double at = cJSON_IsNumber(t) ? t->valuedouble : 0;
        struct attack_step *s = &v[p->nsteps];
        if (strcmp(text_of(item, "type"), "command") != 0)
            continue;
        s->input = arena_strdup(a, text_of(item, "input"));
        s->shell = strcmp(text_of(item, "kind"), "shell") == 0;
        s->wait_s = before >= 0 && at > before ? at - before : 0;
        before = at;
        if (!s->input)
            return ERR_NOMEM;
        p->nsteps++;
    }
    p->steps = v;
    return 0;
}

/* One line of the collection; 1 if it was kept. */
static int read_plan(struct attack_plan *p, struct arena *a, const char *line)
{
    cJSON *o = cJSON_Parse(line);
    int r = 0;

    memset(p, 0, sizeof *p);
    if (o && strcmp(text_of(o, "protocol"), "ssh") == 0) {
        p->id = arena_strdup(a, text_of(o, "id"));
        p->source = arena_strdup(a, text_of(o, "src"));
        r = p->id && p->source ? 0 : ERR_NOMEM;
        if (r == 0)
            r = read_logins(p, a, cJSON_GetObjectItemCaseSensitive(o, "logins"));
        if (r == 0)
            r = read_steps(p, a, cJSON_GetObjectItemCaseSensitive(o, "events"));
        if (r == 0)
            r = 1;
    }
    cJSON_Delete(o);
    return r;
}

static int keep(struct attack_plans *out, struct arena *a, const struct attack_plan *p, size_t *cap)
{
    if (out->n == *cap) {
        size_t more = *cap ? *cap * 2 : 256;
        struct attack_plan *v = arena_realloc(a, out->v, *cap * sizeof *v, more * sizeof *v);
        if (!v)
            return ERR_NOMEM;
        out->v = v;
        *cap = more;
    }
    out->v[out->n++] = *p;
    return 0;
}

int attack_plans_read(struct attack_plans *out, struct arena *a, const char *path, char *why,
                      size_t why_n)
{
    char *line = x_malloc(LINE_MAX_BYTES);
    gzFile f = gzopen(path, "rb");
    size_t cap = 0;
    int r = line && f ? 0 : ERR_IO;

    memset(out, 0, sizeof *out);
    while (r == 0 && gzgets(f, line, LINE_MAX_BYTES)) {
        struct attack_plan p;
        r = read_plan(&p, a, line);
        if (r == 0)
            out->skipped++;
        else if (r > 0)
            r = keep(out, a, &p, &cap);
    }
    if (!f)
        str_fmt(why, why_n, "cannot read %s: %s", path, strerror(errno));
    else if (r < 0)
        str_fmt(why, why_n, "cannot read %s: %s", path, err_text(r));
    else if (out->n == 0)
        str_fmt(why, why_n, "%s holds no SSH session", path);
    if (r == 0 && out->n == 0)
        r = ERR_NOTFOUND;
    if (f)
        gzclose(f);
    x_free(line);
    return r;
}
