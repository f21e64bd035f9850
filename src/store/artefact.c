/* artefact.c -- writes artefacts and says what they are.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "store/artefact.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <magic.h>
#include <stdio.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"

enum { MAGIC_LOOKS_AT = 256 * 1024 };

static bool is_there(const char *path, size_t n)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size == n;
}

int artefact_write(const char *dir, const char *sha256, const void *p, size_t n)
{
    char path[4200];

    if (!str_fmt(path, sizeof path, "%s/%s", dir, sha256))
        return ERR_RANGE;
    return is_there(path, n) ? 0 : file_write(path, p, n, 0400);
}

/* libmagic's tables take megabytes and milliseconds: loaded once, when needed. */
static magic_t magic;
static bool magic_tried;

static void magic_begin(void)
{
    magic_tried = true;
    magic = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR);
    if (magic && magic_load(magic, NULL) != 0) {
        log_warn("libmagic: %s", magic_error(magic));
        magic_close(magic);
        magic = NULL;
    }
}

void artefact_mime(const void *p, size_t n, char *out, size_t out_n)
{
    const char *type = NULL;

    if (!magic_tried)
        magic_begin();
    if (magic)
        type = magic_buffer(magic, p, n < MAGIC_LOOKS_AT ? n : MAGIC_LOOKS_AT);
    (void)str_copy(out, out_n, type ? type : "application/octet-stream");
}

void artefact_mime_done(void)
{
    if (magic)
        magic_close(magic);
    magic = NULL;
    magic_tried = false;
}

/* --- ELF --------------------------------------------------------------------------- */

struct elf {
    const unsigned char *p;
    size_t n;
    bool big, wide;
};

/* An integer of the file's byte order; 0 beyond its end. */
static uint64_t get(const struct elf *e, uint64_t at, unsigned bytes)
{
    uint64_t v = 0;

    if (at > e->n || e->n - at < bytes)
        return 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)e->p[at + (e->big ? bytes - 1 - i : i)] << (8 * i);
    return v;
}

static const char *machine_name(unsigned m)
{
    static const struct {
        unsigned m;
        const char *name;
    } names[] = {{EM_386, "Intel 80386"},       {EM_X86_64, "x86-64"},   {EM_ARM, "ARM"},
                 {EM_AARCH64, "ARM aarch64"},   {EM_MIPS, "MIPS"},       {EM_PPC, "PowerPC"},
                 {EM_PPC64, "PowerPC64"},       {EM_SPARC, "SPARC"},     {EM_SH, "SuperH"},
                 {EM_68K, "Motorola 68000"},    {EM_RISCV, "RISC-V"},    {EM_S390, "S/390"},
                 {EM_ARC_COMPACT, "ARCompact"}, {EM_SPARCV9, "SPARC V9"}};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].m == m)
            return names[i].name;
    return "unknown machine";
}

static bool has_interpreter(const struct elf *e)
{
    uint64_t at = get(e, e->wide ? 32 : 28, e->wide ? 8 : 4);
    uint64_t size = get(e, e->wide ? 54 : 42, 2), count = get(e, e->wide ? 56 : 44, 2);

    for (uint64_t i = 0; i < count && i < 64; i++)
        if (get(e, at + i * size, 4) == PT_INTERP)
            return true;
    return false;
}

static bool has_symbols(const struct elf *e)
{
    uint64_t at = get(e, e->wide ? 40 : 32, e->wide ? 8 : 4);
    uint64_t size = get(e, e->wide ? 58 : 46, 2), count = get(e, e->wide ? 60 : 48, 2);

    for (uint64_t i = 0; i < count && i < 256; i++)
        if (get(e, at + i * size + 4, 4) == SHT_SYMTAB)
            return true;
    return false;
}

void artefact_facts(const void *p, size_t n, char *out, size_t out_n)
{
    static const char *const types[] = {"", "relocatable", "executable", "shared object", "core"};
    struct elf e = {p, n, false, false};
    unsigned type;

    *out = '\0';
    if (n < 52 || memcmp(p, ELFMAG, SELFMAG) != 0)
        return;
    e.wide = e.p[EI_CLASS] == ELFCLASS64;
    e.big = e.p[EI_DATA] == ELFDATA2MSB;
    type = (unsigned)get(&e, 16, 2);
    (void)str_fmt(
        out, out_n, "ELF %s-bit %s %s, %s, %s, %s%s", e.wide ? "64" : "32", e.big ? "MSB" : "LSB",
        type >= 1 && type <= 4 ? types[type] : "object", machine_name((unsigned)get(&e, 18, 2)),
        has_interpreter(&e) ? "dynamic" : "static", has_symbols(&e) ? "not stripped" : "stripped",
        memmem(p, n < 4096 ? n : 4096, "UPX!", 4) ? ", UPX" : "");
}
