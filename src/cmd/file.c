/* file.c -- file: what a file is, by a small table of its own and by reading
 * ELF headers, in the words of the real program.
 *
 * Differs on purpose: only kinds of files that servers have are known; all
 * else is text or data.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"

enum { HEAD = 16384, SEGMENTS = 64, SECTIONS = 256, NOTE_MAX = 1024 };

struct probe {
    struct cmd_run *r;
    int fd;
    uint8_t *b; /* the beginning, NUL behind */
    size_t n;
    const char *mime;
    struct str out;
};

/* --- ELF ------------------------------------------------------------------------- */

struct elf {
    struct probe *q;
    bool wide, big;
};

static uint64_t num(const struct elf *e, const uint8_t *b, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)b[e->big ? n - 1 - i : i] << 8 * i;
    return v;
}

static const char *machine(unsigned id)
{
    static const struct {
        unsigned id;
        const char *name;
    } names[] = {{EM_386, "Intel 80386,"},
                 {EM_X86_64, "x86-64,"},
                 {EM_ARM, "ARM, EABI5"},
                 {EM_AARCH64, "ARM aarch64,"},
                 {EM_MIPS, "MIPS, MIPS-I"},
                 {EM_PPC, "PowerPC or cisco 4500,"},
                 {EM_PPC64, "64-bit PowerPC or cisco 7500,"},
                 {EM_SPARC, "SPARC,"},
                 {EM_SH, "Renesas SH,"},
                 {EM_68K, "Motorola m68k, 68020,"},
                 {EM_S390, "IBM S/390,"},
                 {EM_RISCV, "UCB RISC-V,"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].id == id)
            return names[i].name;
    return "unknown arch,";
}

static void notes(struct elf *e, uint64_t at, uint64_t size, struct str *id, struct str *abi)
{
    uint8_t b[NOTE_MAX];
    ssize_t got =
        vm_pread(e->q->r->p, e->q->fd, b, size < NOTE_MAX ? (size_t)size : NOTE_MAX, (int64_t)at);
    size_t n = got > 0 ? (size_t)got : 0;
    for (size_t o = 0; o + 12 <= n;) {
        size_t name = (size_t)num(e, b + o, 4), desc = (size_t)num(e, b + o + 4, 4);
        unsigned type = (unsigned)num(e, b + o + 8, 4);
        if (name > NOTE_MAX || desc > NOTE_MAX)
            return;
        size_t d = o + 12 + (name + 3) / 4 * 4;
        if (d + desc > n)
            return;
        if (name == 4 && !memcmp(b + o + 12, "GNU", 4) && type == NT_GNU_BUILD_ID && !id->n) {
            str_printf(id, ", BuildID[%s]=", desc == 20 ? "sha1" : "xxHash");
            for (size_t i = 0; i < desc; i++)
                str_printf(id, "%02x", b[d + i]);
        } else if (name == 4 && !memcmp(b + o + 12, "GNU", 4) && type == NT_GNU_ABI_TAG &&
                   desc >= 16 && !abi->n) {
            str_printf(abi, ", for GNU/Linux %u.%u.%u", (unsigned)num(e, b + d + 4, 4),
                       (unsigned)num(e, b + d + 8, 4), (unsigned)num(e, b + d + 12, 4));
        }
        o = d + (desc + 3) / 4 * 4;
    }
}

/* Is DF_1_PIE among the flags of the dynamic section? */
static bool is_pie(struct elf *e, uint64_t at, uint64_t size)
{
    uint8_t b[NOTE_MAX];
    size_t word = e->wide ? 8 : 4;
    ssize_t n =
        vm_pread(e->q->r->p, e->q->fd, b, size < NOTE_MAX ? (size_t)size : NOTE_MAX, (int64_t)at);
    for (size_t o = 0; n > 0 && o + 2 * word <= (size_t)n; o += 2 * word)
        if (num(e, b + o, word) == DT_FLAGS_1)
            return num(e, b + o + word, word) & DF_1_PIE;
    return false;
}

static bool has_symbols(struct elf *e, uint64_t at, size_t size, size_t count)
{
    uint8_t b[64];
    for (size_t i = 0; i < count && i < SECTIONS; i++)
        if (vm_pread(e->q->r->p, e->q->fd, b, sizeof(b), (int64_t)(at + i * size)) >= 8 &&
            num(e, b + 4, 4) == SHT_SYMTAB)
            return true;
    return false;
}

static void elf(struct probe *q)
{
    struct elf e = {q, q->b[4] == 2, q->b[5] == 2};
    struct str id, abi, interp;
    const uint8_t *b = q->b;
    struct proc *p = q->r->p;
    str_init(&id, q->r->arena);
    str_init(&abi, q->r->arena);
    str_init(&interp, q->r->arena);
    if (q->n < 52) {
        str_puts(&q->out, "ELF");
        q->mime = "application/octet-stream";
        return;
    }
    unsigned type = (unsigned)num(&e, b + 16, 2), m = (unsigned)num(&e, b + 18, 2);
    uint64_t ph = num(&e, b + (e.wide ? 32 : 28), e.wide ? 8 : 4);
    uint64_t sh = num(&e, b + (e.wide ? 40 : 32), e.wide ? 8 : 4);
    const uint8_t *c = b + (e.wide ? 54 : 42);
    size_t ph_size = (size_t)num(&e, c, 2), ph_n = (size_t)num(&e, c + 2, 2);
    size_t sh_size = (size_t)num(&e, c + 4, 2), sh_n = (size_t)num(&e, c + 6, 2);
    bool dynamic = false, pie = false;
    for (size_t i = 0; i < ph_n && i < SEGMENTS; i++) {
        uint8_t s[56];
        char name[128] = "";
        if (vm_pread(p, q->fd, s, sizeof(s), (int64_t)(ph + i * ph_size)) < 32)
            break;
        uint64_t at = num(&e, s + (e.wide ? 8 : 4), e.wide ? 8 : 4);
        uint64_t size = num(&e, s + (e.wide ? 32 : 16), e.wide ? 8 : 4);
        switch (num(&e, s, 4)) {
        case PT_DYNAMIC:
            dynamic = true;
            pie = is_pie(&e, at, size);
            break;
        case PT_INTERP:
            if (vm_pread(p, q->fd, name, sizeof(name) - 1, (int64_t)at) > 0)
                str_printf(&interp, ", interpreter %s", name);
            break;
        case PT_NOTE:
            notes(&e, at, size, &id, &abi);
            break;
        default:
            break;
        }
    }
    bool shared = type == ET_DYN && !pie;
    q->mime = type == ET_EXEC  ? "application/x-executable"
              : type == ET_REL ? "application/x-object"
              : shared         ? "application/x-sharedlib"
                               : "application/x-pie-executable";
    str_printf(&q->out, "ELF %s %s %s, %s version %u (%s)", e.wide ? "64-bit" : "32-bit",
               e.big ? "MSB" : "LSB",
               type == ET_EXEC   ? "executable"
               : type == ET_REL  ? "relocatable"
               : type == ET_CORE ? "core file"
               : shared          ? "shared object"
                                 : "pie executable",
               machine(m), (unsigned)num(&e, b + 20, 4), b[7] == 3 ? "GNU/Linux" : "SYSV");
    if (type != ET_REL && type != ET_CORE)
        str_puts(&q->out, interp.n || (dynamic && shared) ? ", dynamically linked"
                          : type == ET_DYN && dynamic     ? ", static-pie linked"
                                                          : ", statically linked");
    str_puts(&q->out, str_text(&interp));
    str_puts(&q->out, str_text(&id));
    str_puts(&q->out, str_text(&abi));
    if (!sh_n)
        str_puts(&q->out, ", no section header");
    else
        str_puts(&q->out, has_symbols(&e, sh, sh_size, sh_n) ? ", not stripped" : ", stripped");
}

/* --- text ---------------------------------------------------------------------------- */

static const char *script(const char *line)
{
    static const struct {
        const char *name, *text;
    } shells[] = {{"bash", "Bourne-Again shell script"},
                  {"sh", "POSIX shell script"},
                  {"python3", "Python script"},
                  {"python", "Python script"},
                  {"perl", "Perl script"},
                  {"php", "PHP script"},
                  {"node", "Node.js script"},
                  {"zsh", "Paul Falstad's zsh script"},
                  {"ruby", "Ruby script"}};
    const char *s = line + 2 + strspn(line + 2, " \t");
    size_t n = strcspn(s, " \t\n");
    if (n >= 4 && !strncmp(s + n - 4, "/env", 4)) {
        s += n + strspn(s + n, " \t");
        n = strcspn(s, " \t\n");
    }
    while (memchr(s, '/', n)) {
        const char *next = (const char *)memchr(s, '/', n) + 1;
        n -= (size_t)(next - s);
        s = next;
    }
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
        if (strlen(shells[i].name) == n && !strncmp(shells[i].name, s, n))
            return shells[i].text;
    return NULL;
}

/* The encoding's name, or NULL if it is no text. */
static const char *encoding(const struct probe *q, const char **charset)
{
    bool high = false;
    for (size_t i = 0; i < q->n; i++) {
        uint8_t c = q->b[i];
        if (c < 32 && !(c >= 7 && c <= 13) && c != 27)
            return NULL;
        if (c == 127)
            return NULL;
        high |= c >= 128;
    }
    size_t n = q->n;
    /* The beginning of a longer file may end within a character. */
    for (int k = 0; high && q->n == HEAD && k < 3 && !utf8_valid((char *)q->b, n); k++)
        n--;
    *charset = !high ? "us-ascii" : utf8_valid((char *)q->b, n) ? "utf-8" : "iso-8859-1";
    return !high                         ? "ASCII text"
           : utf8_valid((char *)q->b, n) ? "Unicode text, UTF-8 text"
                                         : "ISO-8859 text";
}

static void text(struct probe *q, const char *enc)
{
    const char *s = (const char *)q->b, *is = NULL;
    q->mime = "text/plain";
    if (q->n > 2 && s[0] == '#' && s[1] == '!' && (is = script(s))) {
        q->mime = strstr(is, "shell")    ? "text/x-shellscript"
                  : strstr(is, "Python") ? "text/x-script.python"
                  : strstr(is, "Perl")   ? "text/x-perl"
                                         : "text/plain";
    }
    bool html = !strncasecmp(s, "<!doctype html", 14) || !strncasecmp(s, "<html", 5) ||
                !strncasecmp(s, "<head", 5);
    if (html)
        q->mime = "text/html";
    if (is && strstr(is, "Perl"))
        str_printf(&q->out, "%s text executable", is);
    else if (is)
        str_printf(&q->out, "%s, %s executable", is, enc);
    else if (html)
        str_printf(&q->out, "HTML document, %s", enc);
    else
        str_puts(&q->out, enc);
    size_t lf = 0, crlf = 0;
    for (size_t i = 0; i < q->n; i++)
        if (q->b[i] == '\n' && i && q->b[i - 1] == '\r')
            crlf++;
        else
            lf += q->b[i] == '\n';
    if (!lf && !crlf)
        str_puts(&q->out, ", with no line terminators");
    else if (crlf)
        str_puts(&q->out, lf ? ", with CRLF, LF line terminators" : ", with CRLF line terminators");
}

/* --- all kinds ------------------------------------------------------------------------- */

static const struct {
    size_t at;
    const char *magic;
    size_t n;
    const char *text, *mime;
} magics[] = {
    {257, "ustar  ", 8, "POSIX tar archive (GNU)", "application/x-tar"},
    {257, "ustar", 6, "POSIX tar archive", "application/x-tar"},
    {0,
     "\xfd"
     "7zXZ\0\0\4",
     8, "XZ compressed data, checksum CRC64", "application/x-xz"},
    {0,
     "\xfd"
     "7zXZ",
     6, "XZ compressed data", "application/x-xz"},
    {0, "PK\3\4", 4, "Zip archive data, at least v2.0 to extract, compression method=deflate",
     "application/zip"},
    {0, "\x89PNG\r\n", 6, "PNG image data", "image/png"},
    {0, "\xff\xd8\xff", 3, "JPEG image data", "image/jpeg"},
    {0, "GIF8", 4, "GIF image data", "image/gif"},
    {0, "%PDF-", 5, "PDF document", "application/pdf"},
    {0, "SQLite format 3", 16, "SQLite 3.x database", "application/vnd.sqlite3"},
    {0, "-----BEGIN OPENSSH PRIVATE KEY", 30, "OpenSSH private key", "text/plain"},
    {0, "-----BEGIN RSA PRIVATE KEY", 26, "PEM RSA private key", "text/plain"},
    {0, "-----BEGIN CERTIFICATE", 22, "PEM certificate", "text/plain"},
    {0, "ssh-rsa ", 8, "OpenSSH RSA public key", "text/plain"},
    {0, "ssh-ed25519 ", 12, "OpenSSH ED25519 public key", "text/plain"},
    {0, "MZ", 2, "MS-DOS executable", "application/x-dosexec"},
};

static void gzipped(struct probe *q)
{
    const uint8_t *b = q->b;
    char when[64];
    struct tm tm;
    time_t t = (time_t)(b[4] | (uint32_t)b[5] << 8 | (uint32_t)b[6] << 16 | (uint32_t)b[7] << 24);
    q->mime = "application/gzip";
    str_puts(&q->out, "gzip compressed data");
    if (b[3] & 8)
        str_printf(&q->out, ", was \"%.64s\"", (const char *)b + 10);
    strftime(when, sizeof(when), "%a %b %e %H:%M:%S %Y", gmtime_r(&t, &tm));
    if (t)
        str_printf(&q->out, ", last modified: %s", when);
    if (b[8] == 2)
        str_puts(&q->out, ", max compression");
    struct vfs_stat st;
    uint8_t z[4] = {0};
    str_printf(&q->out, ", from %s", b[9] == 3 ? "Unix" : "FAT filesystem (MS-DOS, OS/2, NT)");
    if (!vm_fstat(q->r->p, q->fd, &st) && st.size > 18 &&
        vm_pread(q->r->p, q->fd, z, 4, st.size - 4) == 4)
        str_printf(&q->out, ", original size modulo 2^32 %u",
                   z[0] | (unsigned)z[1] << 8 | (unsigned)z[2] << 16 | (unsigned)z[3] << 24);
}

static void contents(struct probe *q)
{
    const char *charset = "binary", *enc;
    if (!q->n) {
        str_puts(&q->out, "empty");
        q->mime = "inode/x-empty";
        return;
    }
    if (q->n >= 4 && !memcmp(q->b, ELFMAG, 4)) {
        elf(q);
        return;
    }
    if (q->n >= 18 && q->b[0] == 0x1f && q->b[1] == 0x8b) {
        gzipped(q);
        return;
    }
    if (q->n >= 4 && !memcmp(q->b, "BZh", 3)) {
        str_printf(&q->out, "bzip2 compressed data, block size = %c00k", q->b[3]);
        q->mime = "application/x-bzip2";
        return;
    }
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
        if (q->n >= magics[i].at + magics[i].n &&
            !memcmp(q->b + magics[i].at, magics[i].magic, magics[i].n)) {
            str_puts(&q->out, magics[i].text);
            q->mime = magics[i].mime;
            return;
        }
    if ((enc = encoding(q, &charset))) {
        text(q, enc);
        return;
    }
    str_puts(&q->out, "data");
    q->mime = "application/octet-stream";
}

static void special(struct probe *q, const char *name, const struct vfs_stat *st)
{
    char target[VFS_PATH_MAX];
    struct vfs_stat to;
    unsigned major = (unsigned)(st->rdev >> 8 & 0xfff), minor = (unsigned)(st->rdev & 0xff);
    q->mime = "inode/chardevice";
    switch (st->mode & S_IFMT) {
    case S_IFDIR:
        str_puts(&q->out, "directory");
        q->mime = "inode/directory";
        break;
    case S_IFLNK: {
        ssize_t n = vm_readlink(q->r->p, name, target, sizeof(target) - 1);
        target[n < 0 ? 0 : n] = '\0';
        str_printf(&q->out, "%s to %s",
                   vm_stat(q->r->p, name, &to) ? "broken symbolic link" : "symbolic link", target);
        q->mime = "inode/symlink";
        break;
    }
    case S_IFCHR:
        str_printf(&q->out, "character special (%u/%u)", major, minor);
        break;
    case S_IFBLK:
        str_printf(&q->out, "block special (%u/%u)", major, minor);
        q->mime = "inode/blockdevice";
        break;
    case S_IFIFO:
        str_puts(&q->out, "fifo (named pipe)");
        q->mime = "inode/fifo";
        break;
    default:
        str_puts(&q->out, "socket");
        q->mime = "inode/socket";
    }
}

static void examine(struct cmd_run *r, const char *name, int width)
{
    struct probe q = {.r = r, .fd = -1};
    struct vfs_stat st = {.mode = S_IFREG};
    bool in = !strcmp(name, "-");
    const char *shown = in ? "/dev/stdin" : name, *sep = cmd_arg(r, 'F');
    bool mime = cmd_latest(r, "i\1") != 0;
    int e = in ? 0 : cmd_has(r, 'L') ? vm_stat(r->p, name, &st) : vm_lstat(r->p, name, &st);
    str_init(&q.out, r->arena);
    if (!e && S_ISREG(st.mode))
        e = q.fd = in ? 0 : vm_open(r->p, name, O_RDONLY, 0);
    if (!cmd_has(r, 'b'))
        vf_printf(r->out, "%s%s%*s ", shown, sep ? sep : ":", width - (int)strlen(shown), "");
    if (e == -EACCES || e == -EPERM) {
        vf_puts(r->out, st.mode & 0111 ? "executable, regular file, no read permission\n"
                                       : "regular file, no read permission\n");
        return;
    }
    if (e < 0) {
        vf_printf(r->out, "cannot open `%s' (%s)\n", shown, vm_strerror(-e));
        return;
    }
    if (st.mode & S_ISUID)
        str_puts(&q.out, S_ISDIR(st.mode) ? "setuid, " : "setuid ");
    if (st.mode & S_ISGID)
        str_puts(&q.out, S_ISDIR(st.mode) ? "setgid, " : "setgid ");
    if (st.mode & S_ISVTX)
        str_puts(&q.out, S_ISDIR(st.mode) ? "sticky, " : "sticky ");
    const char *charset = "binary";
    if (S_ISREG(st.mode)) {
        q.b = vm_alloc(r->p, HEAD + 1);
        for (ssize_t n; q.n < HEAD && (n = vm_read(r->p, q.fd, q.b + q.n, HEAD - q.n)) > 0;)
            q.n += (size_t)n;
        contents(&q);
        (void)(q.n && encoding(&q, &charset));
        vm_release(r->p, q.b, HEAD + 1);
        if (q.fd > 0)
            vm_close(r->p, q.fd);
        vm_tick(r->p, 128);
    } else {
        special(&q, name, &st);
    }
    if (mime && cmd_has(r, 'i'))
        vf_printf(r->out, "%s; charset=%s\n", q.mime, charset);
    else
        vf_printf(r->out, "%s\n", mime ? q.mime : str_text(&q.out));
}

static int file_run(struct cmd_run *r)
{
    size_t n;
    const char *version;
    int width = 0;
    if (cmd_has(r, 'v')) {
        if ((version = vm_text(r->p, "file --version", &n)))
            vf_write(r->out, version, n);
        return 0;
    }
    if (!r->argc) {
        vf_puts(r->err,
                "Usage: file [-bcCdEhikLlNnprsSvzZ0] [--apple] [--extension] [--mime-encoding]\n"
                "            [--mime-type] [-e <testname>] [-F <separator>]  [-f <namefile>]\n"
                "            [-m <magicfiles>] [-P <parameter=value>] [--exclude-quiet]\n"
                "            <file> ...\n"
                "       file -C [-m <magicfiles>]\n"
                "       file [--help]\n");
        return 1;
    }
    for (int i = 0; i < r->argc; i++) {
        int len = (int)strlen(strcmp(r->argv[i], "-") ? r->argv[i] : "/dev/stdin");
        width = len > width ? len : width;
    }
    for (int i = 0; i < r->argc; i++)
        examine(r, r->argv[i], width);
    return 0;
}

static const char *const file_longs[] = {"brief=b",         "dereference=L", "no-dereference=h",
                                         "mime=i",          "mime-type=\1",  "separator:=F",
                                         "uncompress=z",    "keep-going=k",  "raw=r",
                                         "special-files=s", "version=v",     NULL};

const struct cmd cmd_file = {
    .name = "file", .opts = "bchiLkNnprsSvzZ0F:m:e:f:P:", .longs = file_longs, .run = file_run};
