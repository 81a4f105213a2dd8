#include "base/turn.h"

void turn_init(struct turn *t)
{
	pthread_mutex_init(&t->lock, NULL);
	clock_cond_init(&t->given);
	t->taken = false;
}

void turn_fini(struct turn *t)
{
	pthread_cond_destroy(&t->given);
	pthread_mutex_destroy(&t->lock);
}

bool turn_take(struct turn *t, int64_t deadline_ms, struct err *err)
{
	bool mine = true;
	pthread_mutex_lock(&t->lock);
	while (t->taken && mine)
		mine = clock_wait(&t->given, &t->lock, deadline_ms);
	if (!t->taken)
		mine = true;
	if (mine)
		t->taken = true;
	pthread_mutex_unlock(&t->lock);
	return mine || err_set(err, ERR_TIMEOUT, "waiting for one's turn");
}

void turn_give(struct turn *t)
{
	pthread_mutex_lock(&t->lock);
	t->taken = false;
	pthread_cond_signal(&t->given);
	pthread_mutex_unlock(&t->lock);
}
