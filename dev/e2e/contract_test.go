package e2e

// promise is one thing that users, admins, Zoom or an older installation rely
// on. Tests say by covers(t, id) which ones they show; docs/parity.md is the
// list of both.
type promise struct {
	id    string
	says  string
	where string // a unit test that shows it, where nothing can be seen from outside
}

// contract is what a server that has run the Go plugin can expect, and at the
// end what it gets besides.
var contract = []struct {
	title string
	rows  []promise
}{
	{"The bundle", []promise{
		{id: "manifest: identity", says: "The plugin is `zoom`, runs on Linux and needs Mattermost 9.9.0."},
		{id: "manifest: bundle", says: "`zoom-<version>.tar.gz` has one folder, `zoom/`; versions begin above the official plugin's."},
		{id: "manifest: bot", says: "The bot is called `zoom`, shown as Zoom, and has a picture."},
	}},
	{"Settings", []promise{
		{id: "setting: names", says: "The Go plugin's settings keep their names and their values."},
		{id: "setting: required", says: "Without client ID, client secret, encryption key and webhook secret every route answers 501, admins are told what is missing, and saving makes it work."},
		{id: "setting: addresses", says: "`ZoomURL` and `ZoomAPIURL` point to another Zoom than the public one."},
		{id: "setting: AccountLevelApp", says: "One Zoom account for everybody, or everybody for themselves."},
		{id: "setting: EncryptionKey", says: "Keys of 16, 24 and 32 characters are taken as they are."},
		{id: "setting: RestrictMeetingCreation", says: "No meetings in public channels, unless a channel says otherwise."},
		{id: "setting: EnablePostingRecordingPassword", says: "A recording's password is posted only where this is on."},
		{id: "setting: ZoomWebhookSecret", says: "Events must be signed with it."},
	}},
	{"Routes", []promise{
		{id: "route: GET /oauth2/connect", says: "Sends the browser to Zoom with a state; at account level for system admins only."},
		{id: "route: GET /oauth2/complete", says: "Takes a state once, within five minutes, from its owner; keeps a token that works; explains itself to who pressed Install at Zoom."},
		{id: "route: POST /deauthorization", says: "Ends the grant that Zoom says was removed, and tells who is concerned."},
		{id: "route: POST /webhook", says: "Wants the secret, JSON, and a fresh signature, in this order; unknown events are fine."},
		{id: "route: POST /api/v1/meetings", says: "Starts a meeting and answers with its link or the reason why not."},
		{id: "route: POST /api/v1/updatePMI", says: "Saves which meeting ID to use."},
		{id: "route: POST /api/v1/askPMI", says: "Starts a meeting with the ID that was chosen, for the one who was asked."},
		{id: "route: POST /api/v1/channel-preference", says: "Saves a channel's setting, for those who may manage the channel."},
		{id: "route: sign-in", says: "Who is signed in comes from the server alone; nobody can name somebody else."},
		{id: "route: bodies", says: "Bodies of more than one MiB are refused."},
	}},
	{"Commands", []promise{
		{id: "command: start", says: "`/zoom start [topic]` starts a meeting."},
		{id: "command: connect", says: "`/zoom connect` offers the link, or says which Zoom account is connected."},
		{id: "command: disconnect", says: "`/zoom disconnect` is for everybody at user level, for system admins at account level."},
		{id: "command: settings", says: "`/zoom settings` shows which meeting ID is used, with buttons to change it."},
		{id: "command: subscription add", says: "`/zoom subscription add <meeting id>` posts that meeting here whenever it starts."},
		{id: "command: subscription remove", says: "`/zoom subscription remove <meeting id>` stops it."},
		{id: "command: subscription list", says: "`/zoom subscription list` shows one's subscriptions."},
		{id: "command: channel-settings", says: "`/zoom channel-settings` opens the dialog for channel admins."},
		{id: "command: channel-settings list", says: "`/zoom channel-settings list` shows all channels with a setting to system admins."},
		{id: "command: answers", says: "Answers are for the one who typed, by the bot, in the thread where it was typed."},
		{id: "command: help", says: "`/zoom help` lists what there is."},
	}},
	{"Starting a meeting", []promise{
		{id: "start: restricted channels", says: "Refused where the channel, or the general setting for public channels, says so."},
		{id: "start: members", says: "Refused for who is not in the channel or may not post there."},
		{id: "start: by e-mail", says: "At account level the host is the Zoom user with the same e-mail address."},
		{id: "start: by own grant", says: "At user level it is the Zoom user whom somebody has connected."},
		{id: "start: not connected", says: "Who is not connected gets the link, and the route an empty address."},
		{id: "start: recent meeting", says: "A meeting of the last 30 seconds, of any provider, is offered first."},
		{id: "start: question", says: "Who has not chosen, or wants to be asked, gets two buttons: personal or unique meeting ID."},
		{id: "start: answer remembered", says: "The first answer is remembered; who wants to be asked is asked again."},
		{id: "start: personal meeting ID", says: "The personal meeting ID is used where that was chosen."},
		{id: "start: no personal meeting ID", says: "Where Zoom has none, a unique one is used, and the starter is told."},
		{id: "start: instant meeting", says: "Otherwise an instant meeting is made for the host."},
		{id: "start: link", says: "The link is Zoom's own, passcode included."},
	}},
	{"Posts", []promise{
		{id: "post: started", says: "A `custom_zoom` post by the starter with all of the Go plugin's props, the meeting ID as a number."},
		{id: "post: attachment", says: "One attachment for clients without the web app."},
		{id: "post: ended", says: "The same post says that the meeting has ended, and when."},
		{id: "post: subscription", says: "Subscribed meetings are posted by the bot."},
		{id: "post: browser event", says: "`custom_zoom_meeting_started` tells the starter's browser the link."},
	}},
	{"Webhooks", []promise{
		{id: "webhook: endpoint.url_validation", says: "Zoom's challenge is answered."},
		{id: "webhook: meeting.started subscribed", says: "A subscribed meeting is posted."},
		{id: "webhook: meeting.started ad hoc", says: "Of other meetings only the new UUID is remembered."},
		{id: "webhook: meeting.ended", says: "The post is found by UUID, else by meeting and channel; a second event changes nothing."},
		{id: "webhook: recording.completed", says: "One reply per recording with the link to play it."},
		{id: "webhook: chat file", says: "The chat is uploaded as `Chat-history.txt` in a `custom_zoom_chat` post with `captions`."},
		{id: "webhook: recording.transcript_completed", says: "The transcript is uploaded as `transcription.txt` in a `custom_zoom_transcript` post with `captions`."},
		{id: "webhook: downloads", says: "Files come over https from trusted hosts, 10 MiB at most, and the token goes to no other host."},
	}},
	{"Stored data", []promise{
		{id: "data: account token", says: "The account's token, stored in the clear, works and is sealed at its first use."},
		{id: "data: expired token", says: "An expired token is refreshed once, and stored sealed."},
		{id: "data: user tokens", says: "Users' tokens, AES-CFB, work and are sealed under both of their keys."},
		{id: "data: short keys", says: "The same with encryption keys of 16 and 24 characters."},
		{id: "data: states", says: "An authorisation that was under way is completed, once."},
		{id: "data: post_meeting", says: "The posts of running meetings are found by UUID."},
		{id: "data: meeting_channel", says: "They are found by meeting and channel."},
		{id: "data: subscriptions", says: "Subscriptions go on, and are listed and removed."},
		{id: "data: channel settings", says: "What is allowed in a channel is still in force."},
		{id: "data: preferences", says: "Which meeting ID somebody chose still holds."},
		{id: "data: old preferences", says: "So it does where older installations keep it; from there it is moved."},
		{id: "data: going back", says: "The Go plugin reads everything of ours but tokens, which it takes for none."},
		{id: "data: new keys", says: "What is new is under keys that begin with `z2_`, of 150 characters at most."},
	}},
	{"Better: identity and secrets", []promise{
		{id: "better: admins connect", says: "Only system admins connect the account and complete it."},
		{id: "better: token tried first", says: "A token is tried before it replaces one that works.",
			where: "tests/unit/test_plugin_connect.c: a_token_that_does_not_work_replaces_none"},
		{id: "better: linked account shown", says: "Whoever connects sees which Zoom account is connected."},
		{id: "better: sealed tokens", says: "All tokens are sealed with AES-256-GCM, refresh tokens too; old ones at their first use."},
		{id: "better: new encryption key", says: "The encryption key may be changed, and changed back: nothing is lost, all is sealed anew."},
		{id: "better: wrong encryption key", says: "A wrong one is told to the admins once; put back, everything works."},
		{id: "better: no secrets in the log", says: "No token and no secret reaches the server's log."},
		{id: "better: no signing for others", says: "URL validation signs no text that could be an event."},
		{id: "better: deauthorization", says: "Signed, for our app and account only; at account level it ends the account's token and tells the admins."},
		{id: "better: http links only", says: "Recent meetings are offered with http(s) links only, Zoom's on Zoom's hosts."},
		{id: "better: one policy", says: "Every way to start a meeting obeys the same rules."},
		{id: "better: late links", says: "A connect link that is older than five minutes works."},
		{id: "better: disconnect revokes", says: "Disconnecting gives the grant back at Zoom, and says how that went."},
	}},
	{"Better: tokens and Zoom's API", []promise{
		{id: "better: one refresh", says: "Many starts on an expired token: one refresh, no spent refresh token, nobody fails."},
		{id: "better: revoked early", says: "An access token that Zoom revoked early is refreshed once; a dead grant is told."},
		{id: "better: slow Zoom", says: "Every call has a deadline; a slow refresh still saves the grant."},
		{id: "better: clear refusals", says: "Limits, missing scopes, outages and unknown outcomes are told in words."},
		{id: "better: retries", says: "429 is waited for where there is time; reads are tried again, creating is not.",
			where: "tests/unit/test_zoom_retry.c"},
		{id: "better: host's defaults", says: "Only topic and type are sent: the host's own defaults hold.",
			where: "tests/unit/test_zoom_meeting.c: a_meeting_is_created_with_topic_and_type_only"},
	}},
	{"Better: webhooks and posts", []promise{
		{id: "better: own post only", says: "A meeting with another UUID ends its own post and no other."},
		{id: "better: one post per meeting", says: "A second start of a running personal meeting points at its post."},
		{id: "better: personal UUIDs", says: "Posts of personal meetings are marked so, and follow their instances."},
		{id: "better: question keeps topic", says: "Topic and thread travel with the question; failures are told."},
		{id: "better: recordings by instance", says: "A recording goes to its own meeting's post or nowhere."},
		{id: "better: files by the queue", says: "Zoom is answered at once; files are fetched afterwards, tried again, and posted once."},
		{id: "better: hops checked", says: "Every redirect of a download is checked, and an HTML page is no file."},
	}},
	{"Better: everybody", []promise{
		{id: "better: unconfigured", says: "Without settings the plugin runs and says what to do."},
		{id: "better: suggested by role", says: "The server suggests to everybody what they may use."},
		{id: "better: bare command", says: "`/zoom` alone, or with a typing error, leads to the help."},
	}},
	{"Life in the server", []promise{
		{id: "life: updates", says: "Disabled, enabled, replaced, removed and installed again, it goes on where it was."},
		{id: "life: site path", says: "It works below a Site URL with a path, and says so where there is none."},
		{id: "life: bot", says: "A bot that was deactivated or deleted comes back."},
		{id: "life: people and channels", says: "Deactivated users, guests and archived channels do no harm."},
		{id: "life: killed", says: "Killed in the middle of starts, it is started again by the server."},
		{id: "life: health check", says: "The server's health check stays green."},
	}},
}
