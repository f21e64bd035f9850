/* test_file.c -- whole files: limits, replacement, what is missing.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

static char folder[] = "/tmp/qrassh-file-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void files_are_replaced_whole(void **state)
{
    (void)state;
    char path[100];
    struct buf b;
    struct stat st;
    str_fmt(path, sizeof path, "%s/file", folder);
    buf_init(&b, 200000);
    assert_int_equal(file_read(path, &b), ERR_NOTFOUND);
    char *large = x_calloc(1, 150000);
    assert_int_equal(file_write(path, large, 150000, 0600), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, 150000);
    x_free(large);
    assert_int_equal(file_write(path, "new", 3, 0400), 0);
    assert_int_equal(buf_put(&b, "> ", 2), 0);
    assert_int_equal(file_read(path, &b), 0);
    assert_int_equal(buf_len(&b), 5);
    assert_memory_equal(buf_ptr(&b), "> new", 5);
    buf_done(&b);

    /* No temporary name is left behind. */
    DIR *d = opendir(folder);
    int entries = 0;
    while (readdir(d))
        entries++;
    closedir(d);
    assert_int_equal(entries, 3);
    unlink(path);
}

static void reading_stops_at_the_maximum(void **state)
{
    (void)state;
    char path[100];
    struct buf b;
    str_fmt(path, sizeof path, "%s/file", folder);
    assert_int_equal(file_write(path, "12345678", 8, 0600), 0);
    buf_init(&b, 8);
    assert_int_equal(file_read(path, &b), 0);
    buf_done(&b);
    buf_init(&b, 7);
    assert_int_equal(file_read(path, &b), ERR_LIMIT);
    buf_done(&b);
    unlink(path);
}

static void failures_leave_the_old_file(void **state)
{
    (void)state;
    char path[100];
    str_fmt(path, sizeof path, "%s/none/file", folder);
    assert_int_equal(file_write(path, "x", 1, 0600), ERR_IO);
    struct buf b;
    buf_init(&b, 10);
    assert_int_equal(file_read(folder, &b), ERR_IO);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_replaced_whole),
        cmocka_unit_test(reading_stops_at_the_maximum),
        cmocka_unit_test(failures_leave_the_old_file),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
