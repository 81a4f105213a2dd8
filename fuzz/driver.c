/*
 * driver - main for the targets where there is no libFuzzer
 *
 *	driver FILE|FOLDER...           replay, each input in its own process
 *	driver -T 60 [-s SEED] FOLDER   mutate what is in there for 60 seconds
 *
 * Replaying ends with "N passed, N failed". Mutating is blind (flip, set,
 * insert, cut, repeat, splice) and as fast as the target; an input at which
 * the target crashes, or sits for ten seconds, is saved as fuzz/crash-<hash>
 * by the death callback of the sanitizers or by a signal.
 */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Of the sanitizers' runtime; their header comes with GCC alone. */
void __sanitizer_set_report_fd(void *fd);
void __sanitizer_set_death_callback(void (*callback)(void));
int __lsan_do_recoverable_leak_check(void);

#define LONGEST ((size_t)64 * 1024)
#define HANGS_S 10

struct input {
	char path[512];
	uint8_t *data;
	size_t size;
};

static struct input *inputs;
static size_t n_inputs;

/* The input that is running, for whoever saves it. */
static uint8_t current[LONGEST];
static size_t current_size;
static bool replaying;

/* ---- the corpus
 * -------------------------------------------------------------- */

static void add_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct input *in;
	inputs = realloc(inputs, (n_inputs + 1) * sizeof(*inputs));
	if (file == NULL || inputs == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(2);
	}
	in = &inputs[n_inputs++];
	snprintf(in->path, sizeof(in->path), "%s", path);
	in->data = malloc(LONGEST);
	in->size = in->data == NULL ? 0 : fread(in->data, 1, LONGEST, file);
	fclose(file);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(
	    ((const struct input *)a)->path, ((const struct input *)b)->path);
}

static void add(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	if (dir == NULL) {
		add_file(path);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		char full[512];
		int n =
		    snprintf(full, sizeof(full), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.' && n < (int)sizeof(full))
			add_file(full);
	}
	closedir(dir);
	qsort(inputs, n_inputs, sizeof(*inputs), by_path);
}

/* ---- crashes
 * ------------------------------------------------------------------- */

/* In signal handlers: nothing that prints or allocates. */
static void say(const char *text)
{
	ssize_t ignored = write(STDOUT_FILENO, text, strlen(text));
	(void)ignored;
}

static void save(void)
{
	char path[] = "fuzz/crash-0123456789abcdef";
	char *digit = path + sizeof(path) - 2;
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
	if (replaying)
		return;
	for (size_t i = 0; i < current_size; i++)
		hash = (hash ^ current[i]) * 0x100000001b3u;
	for (int i = 0; i < 16; i++, hash >>= 4)
		*digit-- = "0123456789abcdef"[hash & 15];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	ssize_t ignored = write(fd, current, current_size);
	(void)ignored;
	say("crash saved as ");
	say(path);
	say("\n");
}

static void on_signal(int number)
{
	if (number == SIGALRM)
		say("hangs\n");
	save();
	_exit(1);
}

static void run(void)
{
	/* of its exact size, so that a read behind the end is seen */
	uint8_t *copy = malloc(current_size + (current_size == 0));
	if (copy == NULL)
		return;
	memcpy(copy, current, current_size);
	alarm(HANGS_S);
	LLVMFuzzerTestOneInput(copy, current_size);
	alarm(0);
	free(copy);
}

static void take(const struct input *in)
{
	memcpy(current, in->data, in->size);
	current_size = in->size;
}

/* What the code logs is of no interest; what sanitizers say is. */
static void be_quiet(void)
{
	int report = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	__sanitizer_set_report_fd((void *)(intptr_t)report);
	dup2(null, STDERR_FILENO);
	close(null);
	__sanitizer_set_death_callback(save);
	signal(SIGILL, on_signal);
	signal(SIGTRAP, on_signal);
	signal(SIGABRT, on_signal);
	signal(SIGALRM, on_signal);
}

/* ---- replaying
 * ------------------------------------------------------------------ */

static int replay(void)
{
	size_t failed = 0;
	replaying = true;
	for (size_t i = 0; i < n_inputs; i++) {
		int status = 1;
		pid_t pid = fork();
		if (pid == 0) {
			be_quiet();
			take(&inputs[i]);
			run();
			_exit(__lsan_do_recoverable_leak_check() != 0);
		}
		if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0)
			continue;
		failed++;
		printf("FAIL %s\n", inputs[i].path);
	}
	printf("%zu passed, %zu failed\n", n_inputs - failed, failed);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- mutating
 * ---------------------------------------------------------------------- */

/* xorshift64*: fast, and the same on every machine. */
static uint64_t state;

static size_t below(size_t n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	uint64_t x = (state * 0x2545F4914F6CDD1Du) >> 16;
	return n == 0 ? 0 : (size_t)(x % n);
}

/* Make room for n bytes at a place, or as many as fit. */
static size_t open_gap(size_t at, size_t n)
{
	if (n > LONGEST - current_size)
		n = LONGEST - current_size;
	memmove(current + at + n, current + at, current_size - at);
	current_size += n;
	return n;
}

static void insert(size_t at, const uint8_t *from, size_t n)
{
	uint8_t copy[256];
	if (n > sizeof(copy))
		n = sizeof(copy);
	memcpy(copy, from, n);
	memcpy(current + at, copy, open_gap(at, n));
}

static void cut(size_t at, size_t n)
{
	if (n > current_size - at)
		n = current_size - at;
	memmove(current + at, current + at + n, current_size - at - n);
	current_size -= n;
}

static void mutate(void)
{
	static const uint8_t special[] = { 0, 1, 2, 0x7f, 0x80, 0xf8, 0xfc,
		0xfe, 0xff };
	const struct input *other = &inputs[below(n_inputs)];
	size_t at = below(current_size);
	size_t n = 1 + below(below(2) == 0 ? 4 : 64);
	uint8_t byte = (uint8_t)below(256);
	switch (below(7)) {
	case 0:
		if (current_size > 0)
			current[at] ^= (uint8_t)(1 << below(8));
		break;
	case 1:
		if (current_size > 0)
			current[at] = special[below(sizeof(special))];
		break;
	case 2:
		if (current_size > 0)
			current[at] = (uint8_t)(current[at] + byte % 9 - 4);
		break;
	case 3:
		insert(at, &byte, 1);
		break;
	case 4:
		cut(at, n);
		break;
	case 5: /* repeat a piece of itself */
		if (n < current_size - at)
			insert(below(current_size), current + at, n);
		break;
	default: /* a piece of another */
		at = below(other->size);
		if (n < other->size - at)
			insert(below(current_size), other->data + at, n);
		break;
	}
}

static int fuzz(double seconds, uint64_t seed)
{
	struct timespec begin, now;
	unsigned long long runs = 0;
	double elapsed = 0;
	state = seed * 2 + 1;
	be_quiet();
	clock_gettime(CLOCK_MONOTONIC, &begin);
	while (elapsed < seconds) {
		take(&inputs[below(n_inputs)]);
		for (size_t n = 1 + below(8); n > 0; n--)
			mutate();
		run();
		runs++;
		clock_gettime(CLOCK_MONOTONIC, &now);
		elapsed = (double)(now.tv_sec - begin.tv_sec) +
		          (double)(now.tv_nsec - begin.tv_nsec) / 1e9;
	}
	printf("%llu runs, %.0f a second, seed %llu, no crash\n", runs,
	    (double)runs / elapsed, (unsigned long long)seed);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	double seconds = 0;
	uint64_t seed = 1;
	int option;
	while ((option = getopt(argc, argv, "T:s:")) != -1) {
		if (option == 'T')
			seconds = atof(optarg);
		else if (option == 's')
			seed = strtoull(optarg, NULL, 10);
		else
			return 2;
	}
	for (int i = optind; i < argc; i++)
		add(argv[i]);
	if (n_inputs == 0) {
		fprintf(stderr, "no inputs\n");
		return 2;
	}
	fflush(stdout);
	int status = seconds > 0 ? fuzz(seconds, seed) : replay();
	for (size_t i = 0; i < n_inputs; i++)
		free(inputs[i].data);
	free(inputs);
	return status;
}
