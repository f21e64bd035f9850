/* ident.c -- the client's version line (RFC 4253 4.2), and what it gives away.
 *
 * sshd reads it byte by byte, so the verdict comes at the first wrong byte and
 * whatever follows stays unread: the close is then a reset.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh/priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"

static const struct {
    const char *patterns; /* comma-separated; the first row that matches counts */
    unsigned quirks;
} quirk_table[] = {
    {"OpenSSH_2.*,OpenSSH_3.0*,OpenSSH_3.1*", SSH_QUIRK_EXTEOF},
    {"Sun_SSH_1.0*", SSH_QUIRK_NO_REKEY | SSH_QUIRK_EXTEOF},
    {"OpenSSH_2*,OpenSSH_3*,OpenSSH_4*", 0},
    {"OpenSSH_6.6.1*", SSH_QUIRK_OPENSSH},
    {"OpenSSH_6.5*,OpenSSH_6.6*", SSH_QUIRK_OPENSSH | SSH_QUIRK_NO_LIBSSH},
    {"OpenSSH*", SSH_QUIRK_OPENSSH},
    {"3.0.*", SSH_QUIRK_NO_DEBUG},
    {"Cisco-1.*", SSH_QUIRK_NO_HOSTKEYS},
    {"*SSH_Version_Mapper*", SSH_QUIRK_HANG_UP},
    {"PuTTY_Local:*,PuTTY-Release-0.5*,PuTTY_Release_0.5*,PuTTY_Release_0.60*,"
     "PuTTY_Release_0.61*,PuTTY_Release_0.62*,PuTTY_Release_0.63*,PuTTY_Release_0.64*",
     SSH_QUIRK_NO_GEX},
    {"FuTTY*", SSH_QUIRK_NO_GEX},
    {"Probe-*", SSH_QUIRK_HANG_UP},
    {"TeraTerm SSH*,TTSSH/1.5.*,TTSSH/2.1*,TTSSH/2.2*,TTSSH/2.3*,TTSSH/2.4*,TTSSH/2.5*,"
     "TTSSH/2.6*,TTSSH/2.70*,TTSSH/2.71*,TTSSH/2.72*",
     SSH_QUIRK_NO_HOSTKEYS},
    {"WinSCP_release_4*,WinSCP_release_5.0*,WinSCP_release_5.1,WinSCP_release_5.1.*,"
     "WinSCP_release_5.5,WinSCP_release_5.5.*,WinSCP_release_5.6,WinSCP_release_5.6.*,"
     "WinSCP_release_5.7,WinSCP_release_5.7.1,WinSCP_release_5.7.2,WinSCP_release_5.7.3,"
     "WinSCP_release_5.7.4",
     SSH_QUIRK_NO_GEX},
    {"Twisted_*", 0},
    {"Twisted*", SSH_QUIRK_NO_DEBUG},
};

static bool match_any(const char *patterns, const char *s)
{
    while (*patterns) {
        char one[64];
        size_t n = strcspn(patterns, ",");
        if (n < sizeof(one)) {
            memcpy(one, patterns, n);
            one[n] = '\0';
            if (str_match(one, s))
                return true;
        }
        patterns += n + (patterns[n] == ',');
    }
    return false;
}

static unsigned quirks_of(const char *software)
{
    for (size_t i = 0; i < sizeof(quirk_table) / sizeof(quirk_table[0]); i++)
        if (match_any(quirk_table[i].patterns, software))
            return quirk_table[i].quirks;
    return 0;
}

/* A decimal as scanf("%d") reads it: blanks, sign, digits, and the lower half
 * of what is too large. NULL: none. */
static const char *scan_int(const char *p, int *v)
{
    char *end;
    *v = (int)strtol(p, &end, 10);
    return end == p ? NULL : end;
}

/* "SSH-%d.%d-%[^\n]": sets the numbers and the software. */
static bool parse(const char *line, int *major, int *minor, const char **software)
{
    if (strncmp(line, "SSH-", 4) != 0)
        return false;
    const char *p = scan_int(line + 4, major);
    if (!p || *p++ != '.')
        return false;
    p = scan_int(p, minor);
    if (!p || *p++ != '-' || *p == '\0')
        return false;
    *software = p;
    return true;
}

static int refuse(struct ssh_conn *c, const char *line, size_t n, const char *text)
{
    if (c->cb->client_version)
        c->cb->client_version(c->ctx, line, n, false);
    if (c->closing)
        return ERR_PROTOCOL;
    if (text && buf_put_text(&c->out, "%s\r\n", text) < 0)
        text = NULL;
    ssh_conn_close(c, buf_len(&c->in) > 0 ? SSH_CLOSE_RST : SSH_CLOSE_FIN, "identification", NULL);
    return ERR_PROTOCOL;
}

static int judge(struct ssh_conn *c, const char *line, size_t n)
{
    int major, minor;
    const char *software;
    if (n <= 4 || !parse(line, &major, &minor, &software))
        return refuse(c, line, n, "Invalid SSH identification string.");
    if (major != 2 && !(major == 1 && minor == 99))
        return refuse(c, line, n, "Protocol major versions differ.");
    c->quirks = (uint8_t)quirks_of(software);
    if (c->quirks & SSH_QUIRK_HANG_UP)
        return refuse(c, line, n, NULL);
    if (c->cb->client_version)
        c->cb->client_version(c->ctx, line, n, true);
    return c->closing ? ERR_PROTOCOL : 0;
}

int ssh_ident_read(struct ssh_conn *c)
{
    uint8_t *p = buf_mut(&c->in);
    size_t n = buf_len(&c->in), i = c->packlen;
    for (; i < n; i++) { /* the line is gathered at the front of the input, without CR */
        if (p[i] == '\n')
            break;
        if (p[i] == '\r') {
            c->cr_seen = true;
        } else if (p[i] == '\0' || c->cr_seen || c->packlen + 1 > SSH_VERSION_MAX) {
            char *line = x_calloc(1, c->packlen + 1);
            if (line)
                memcpy(line, p, c->packlen);
            size_t len = line ? c->packlen : 0;
            buf_consume(&c->in, i + 1);
            int err = refuse(c, line ? line : "", len, "Invalid SSH identification string.");
            x_free(line);
            return err;
        } else {
            p[c->packlen++] = p[i];
        }
    }
    if (i == n) { /* no newline yet: keep the text, drop the CRs */
        buf_trim(&c->in, n - c->packlen);
        return ERR_AGAIN;
    }
    char *line = x_malloc(c->packlen + 1);
    if (!line) {
        ssh_conn_fail(c, "no memory");
        return ERR_NOMEM;
    }
    memcpy(line, p, c->packlen);
    line[c->packlen] = '\0';
    size_t len = c->packlen;
    c->packlen = 0;
    buf_consume(&c->in, i + 1);
    c->client_version = line;
    return judge(c, line, len);
}
