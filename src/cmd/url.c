/* url.c -- URLs in their parts; headers by name.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/url.h"

#include <string.h>
#include <strings.h>

static const struct scheme {
    const char *name;
    int port;
} schemes[] = {{"http", 80}, {"https", 443}, {"ftp", 21}, {"ftps", 990}, {"tftp", 69}};

bool net_url_parse(struct cmd_run *r, const char *text, struct net_url *out)
{
    const char *colon = strstr(text, "://"), *rest = colon ? colon + 3 : text;
    size_t n = colon ? (size_t)(colon - text) : 4;
    const char *name = colon ? vm_asprintf(r->p, "%.*s", (int)n, text) : "http";
    *out = (struct net_url){.scheme = name};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (!strcasecmp(schemes[i].name, name)) {
            out->scheme = schemes[i].name;
            out->port = schemes[i].port;
        }
    if (!out->port)
        return false;
    out->ftp = out->scheme[0] == 'f';
    size_t host_n = strcspn(rest, "/?#");
    const char *tail = rest + host_n;
    char *host = vm_asprintf(r->p, "%.*s", (int)host_n, rest), *at = strrchr(host, '@');
    if (at)
        host = at + 1;
    char *port = *host == '[' ? strchr(host, ']') : host;
    port = port ? strchr(port, ':') : NULL;
    if (port) {
        int64_t v;
        *port = '\0';
        if (port[1] && str_int(port + 1, 1, 65535, &v))
            return false;
        if (port[1])
            out->port = (int)v;
    }
    if (*host == '[') {
        host++;
        host[strcspn(host, "]")] = '\0';
    }
    for (char *c = host; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c += 'a' - 'A';
    out->host = host;
    size_t tail_n = strcspn(tail, "#");
    out->path = vm_asprintf(r->p, "%s%.*s", *tail == '/' ? "" : "/", (int)tail_n, tail);
    out->text = vm_asprintf(r->p, "%s://%.*s%s", out->scheme, (int)host_n, rest, out->path);
    return *host != '\0';
}

bool net_url_join(struct cmd_run *r, struct net_url *u, const char *where)
{
    if (strstr(where, "://"))
        return net_url_parse(r, where, u);
    const char *rest = strstr(u->text, "://") + 3;
    int host_n = (int)strcspn(rest, "/");
    const char *dir = strrchr(vm_asprintf(r->p, "%.*s", (int)strcspn(u->path, "?"), u->path), '/');
    int dir_n = dir ? (int)(strcspn(u->path, "?") - strlen(dir)) + 1 : 0;
    const char *text =
        str_starts(where, "//") ? vm_asprintf(r->p, "%s:%s", u->scheme, where)
        : *where == '/'
            ? vm_asprintf(r->p, "%s://%.*s%s", u->scheme, host_n, rest, where)
            : vm_asprintf(r->p, "%s://%.*s%.*s%s", u->scheme, host_n, rest, dir_n, u->path, where);
    return net_url_parse(r, text, u);
}

const char *net_url_file(struct cmd_run *r, const struct net_url *u)
{
    size_t n = strcspn(u->path, "?"), from = n;
    while (from && u->path[from - 1] != '/')
        from--;
    if (from == n && !u->path[n])
        return "";
    char *name = vm_asprintf(r->p, "%s%s", from == n ? "index.html" : "", u->path + from);
    for (char *c = name; *c; c++)
        if (*c == '/')
            *c = '_';
    return strcmp(name, ".") && strcmp(name, "..") ? name : "";
}

const char *net_header(const char *const *headers, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; headers && headers[i]; i++)
        if (!strncasecmp(headers[i], name, n) && headers[i][n] == ':')
            return headers[i] + n + 1 + strspn(headers[i] + n + 1, " \t");
    return NULL;
}
