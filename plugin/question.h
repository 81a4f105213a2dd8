/*
 * question - personal or unique meeting ID? Asked before a meeting
 *
 * The bot shows two buttons to the starter. Everything that the start needs
 * travels in their contexts, so nothing is stored while the user thinks.
 */
#ifndef PLUGIN_QUESTION_H
#define PLUGIN_QUESTION_H

#include "plugin/meeting.h"

/* Ask. preference: PREFERENCE_NONE, the answer will be remembered, or
 * PREFERENCE_ASK. */
bool question_ask(struct ctx *c, const struct meeting_start *start,
    enum preference preference, struct err *err) MUST_USE;

/*
 * POST /api/v1/askPMI: one of the two buttons was pressed
 *
 * The question is taken away and the meeting started. The server shows
 * nobody the status of the answer, so whatever fails is told by the bot.
 */
void question_answer(struct ctx *c, struct mm_http *http);

#endif
