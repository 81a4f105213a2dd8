/*
 * list - intrusive doubly linked list
 *
 * A list head is a node that points at itself when the list is empty; a
 * member node that is in no list is {NULL, NULL}. No memory is allocated.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct list {
	struct list *next;
	struct list *prev;
};

/* The object that holds `node` as its member. */
#define list_entry(node, type, member)                                         \
 ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* Walk; the present node must not be removed inside. */
#define list_for_each(node, head)                                              \
 for (struct list *node = (head)->next; node != (head); node = node->next)

static inline void list_init(struct list *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

/* In front of `at`: with a head, at the end of the list. */
static inline void list_add_before(struct list *at, struct list *node)
{
	node->next = at;
	node->prev = at->prev;
	at->prev->next = node;
	at->prev = node;
}

static inline void list_remove(struct list *node)
{
	if (node->next == NULL)
		return;
	node->next->prev = node->prev;
	node->prev->next = node->next;
	node->next = NULL;
	node->prev = NULL;
}

/* Remove and return the first node, NULL when empty. */
static inline struct list *list_take_first(struct list *head)
{
	if (list_empty(head))
		return NULL;
	struct list *node = head->next;
	list_remove(node);
	return node;
}

#ifdef __cplusplus
}
#endif

#endif
