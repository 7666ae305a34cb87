/*
 * metabench DIR create|createsync|stat|readdir|unlink FILES THREADS
 * Works on FILES files in DIR/t0 ... (one directory a thread) and prints one JSON object. stat drops nothing: remount or drop caches first for cold ones.
 * cc -O2 -o metabench metabench.c -lpthread
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct job {
    pthread_t thread;
    const char *operation;
    char dir[3500];
    long first, count, done;
};

static pthread_barrier_t start;

/* What createsync stores: not zeros, so that no filesystem makes a hole of it. */
static char block[4096];

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static void one(const char *operation, const char *path)
{
    struct stat st;
    if (!strcmp(operation, "create") || !strcmp(operation, "createsync")) {
        int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
        if (fd < 0)
            fail(path);
        if (operation[6] && (write(fd, block, sizeof block) != (ssize_t)sizeof block || fsync(fd) != 0))
            fail(path);
        if (close(fd) != 0)
            fail(path);
    } else if (!strcmp(operation, "stat")) {
        if (stat(path, &st) != 0)
            fail(path);
    } else if (unlink(path) != 0) {
        fail(path);
    }
}

/* Every entry's attributes too, as ls -l does. */
static long read_all(const char *dir)
{
    long entries = 0;
    struct stat st;
    DIR *d = opendir(dir);
    if (!d)
        fail(dir);
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            fail(e->d_name);
        entries++;
    }
    closedir(d);
    return entries;
}

static void *run(void *argument)
{
    struct job *job = argument;
    char path[4096];
    pthread_barrier_wait(&start);
    if (!strcmp(job->operation, "readdir")) {
        job->done = read_all(job->dir);
        return NULL;
    }
    memset(path, 0, sizeof path);
    for (long i = 0; i < job->count; i++, job->done++) {
        snprintf(path, sizeof path, "%s/file-%08ld", job->dir, i);
        one(job->operation, path);
    }
    return NULL;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    static const char *known[] = { "create", "createsync", "stat", "readdir", "unlink" };
    int valid = 0;
    for (size_t i = 0; argc == 5 && i < sizeof known / sizeof *known; i++)
        valid |= !strcmp(argv[2], known[i]);
    long files = valid ? atol(argv[3]) : 0, threads = valid ? atol(argv[4]) : 0, done = 0;
    if (files <= 0 || threads <= 0 || threads > 256) {
        fprintf(stderr, "usage: %s DIR create|createsync|stat|readdir|unlink FILES THREADS\n", argv[0]);
        return 64;
    }
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (char)(i * 2654435761u >> 13);
    struct job *jobs = calloc(threads, sizeof *jobs);
    pthread_barrier_init(&start, NULL, threads + 1);
    for (long i = 0; i < threads; i++) {
        jobs[i].operation = argv[2];
        jobs[i].count = files / threads + (i < files % threads);
        if (snprintf(jobs[i].dir, sizeof jobs[i].dir, "%s/t%ld", argv[1], i) >= (int)sizeof jobs[i].dir)
            return 64;
        if (mkdir(jobs[i].dir, 0755) != 0 && errno != EEXIST)
            fail(jobs[i].dir);
        if (pthread_create(&jobs[i].thread, NULL, run, &jobs[i]) != 0)
            fail("pthread_create");
    }
    double begin = now();
    pthread_barrier_wait(&start);
    for (long i = 0; i < threads; i++) {
        pthread_join(jobs[i].thread, NULL);
        done += jobs[i].done;
    }
    double seconds = now() - begin;
    printf("{\"operation\":\"%s\",\"threads\":%ld,\"operations\":%ld,\"seconds\":%.6f,\"opsPerSecond\":%.1f}\n", argv[2], threads, done, seconds, done / seconds);
    return 0;
}
