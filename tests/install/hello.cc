/* A small plugin in C++: it answers a post that greets the plugin's bot. */
#include "mm/mm.h"

#include <string>

namespace
{
const str unset = STR("");

struct state {
	std::string bot_id;
};

void log(mm_call *call, const err &why)
{
	mm_log(call->plugin, LOG_LEVEL_ERROR, "No answer", "error", why.text,
	    nullptr);
}

bool on_activate(mm_call *call, err *err)
{
	auto *here = static_cast<state *>(call->user);
	mm_bot bot = {};
	str id = unset;
	bot.username = S("hello");
	if (!mm_ensure_bot_user(call->plugin, call->arena, &bot, &id, err))
		return false;
	here->bot_id.assign(id.data, id.len);
	return true;
}

void message_has_been_posted(
    mm_call *call, const mm_hook_message_has_been_posted_args *args)
{
	auto *here = static_cast<state *>(call->user);
	if (!str_has_prefix(args->post->message, S("hello, bot")))
		return;
	mm_post answer = {};
	mm_post *posted = nullptr;
	err why = {};
	answer.user_id = str_from(here->bot_id.c_str());
	answer.channel_id = args->post->channel_id;
	answer.message = S("Hello yourself.");
	if (!mm_create_post(call->plugin, call->arena, &answer, &posted, &why))
		log(call, why);
}
} // namespace

int main()
{
	state here;
	mm_plugin_def def = {};
	def.user = &here;
	def.on_activate = on_activate;
	def.hooks.message_has_been_posted = message_has_been_posted;
	return mm_plugin_run(&def);
}
