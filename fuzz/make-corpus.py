#!/usr/bin/env python3
"""Writes fuzz/corpus from what real Go wrote: tests/vectors, tests/transcripts.

    python3 fuzz/make-corpus.py

The same input gives the same files; names are hashes of the content.
"""
import hashlib
import json
import os
import shutil
import struct

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
CORPUS = os.path.join(ROOT, "fuzz", "corpus")
LONGEST = 4096  # of one input; a recorded session may have ten times that

# Descriptors of fuzz_gob.c by the Go types that fit them.
GOB = {
    "*model.Post": 1, "*plugin.Z_GetConfigReturns": 2, "*model.User": 3,
    "*model.CommandArgs": 4, "*model.CommandResponse": 5,
    "*model.AppError": 6, "plugin.Z_ServeHTTPArgs": 7,
    "*plugin.Z_ServeHTTPArgs": 7, "*plugin.Z_ExecuteCommandArgs": 8,
    "*model.AutocompleteData": 9, "*model.OpenDialogRequest": 10,
    "map[string]interface {}": 11, "[]interface {}": 12, "[]string": 13,
    "time.Time": 15,
}


def put(target, data):
    folder = os.path.join(CORPUS, target)
    os.makedirs(folder, exist_ok=True)
    name = hashlib.sha256(data).hexdigest()[:16]
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


def vectors(name):
    with open(os.path.join(ROOT, "tests", "vectors", name)) as file:
        return json.load(file)


def frames(data):
    """(type, flags, stream, length, payload) of a recorded direction."""
    at = 0
    while at + 12 <= len(data):
        _, kind, flags, stream, length = struct.unpack_from(">BBHII", data, at)
        at += 12
        n = length if kind == 0 else 0
        yield kind, flags, stream, length, data[at:at + n]
        at += n


def frame(kind, flags, stream, length, payload=b""):
    return struct.pack(">BBHII", 0, kind, flags, stream, length) + payload


def transcript(name):
    path = os.path.join(ROOT, "tests", "transcripts", name + ".h2p.bin")
    with open(path, "rb") as file:
        return list(frames(file.read()))


def gob():
    for name in ("primitives", "messages", "models", "hooks", "rpc",
                 "decoder_rules"):
        for v in vectors(name + ".json"):
            data = bytes.fromhex(v["hex"])
            if len(data) > LONGEST and v["go_type"] not in GOB:
                continue
            if len(data) > 20000:
                continue
            put("gob", bytes([GOB.get(v["go_type"], 0)]) + data)


def rpc():
    for v in vectors("rpc.json"):
        odd = v["go_type"].startswith("rpc.Request")
        put("rpc", bytes([odd]) + bytes.fromhex(v["hex"]))
    for name in ("new-new", "old-old"):
        # stream 7 carries requests for hooks, 2 the API's replies
        for stream, first in ((7, 1), (2, 0)):
            data = b"".join(f[4] for f in transcript(name)
                            if f[2] == stream)[4:]
            for n in (300, 2000, 12000):
                put("rpc", bytes([first]) + data[:n])


def yamux():
    for name in ("new-new", "old-old"):
        whole = [frame(*f[:4], f[4]) for f in transcript(name)]
        for n in (5, 12, 40, 120):
            put("yamux", b"".join(whole[:n])[:16000])
    hello = frame(0, 1, 1, 5, b"hello")
    put("yamux", hello + frame(1, 0, 1, 1000) + frame(1, 4, 1, 0))
    put("yamux", hello + frame(0, 4, 1, 3, b"end") + frame(1, 8, 1, 0))
    put("yamux", frame(1, 2, 2, 0) + frame(0, 0, 2, 2, b"hi")
        + frame(1, 4, 2, 0))
    put("yamux", frame(2, 1, 0, 7) + frame(3, 0, 0, 0))
    put("yamux", frame(1, 2, 2, 0) + frame(1, 8, 2, 0) + hello)
    put("yamux", hello + frame(3, 0, 0, 1))
    put("yamux", hello + frame(1, 0, 1, 0xffffffff))


def broker():
    for name in ("new-new", "old-new", "old-old"):
        whole = [frame(*f[:4], f[4]) for f in transcript(name)]
        for n in (4, 6, 9, 14, 24, 60, 100):
            data = b"".join(whole[:n])
            if len(data) < 40000:
                put("broker", data)


def handshake():
    cookie = b"Securely message teams, anywhere."
    for how in range(4):
        for values in ((cookie, b"/tmp", b""), (b"hello", b"", b"/tmp/"),
                       (b"", b"", b""), (cookie, b"/nowhere", b"/tmp"),
                       (b"", b"/" + b"x" * 120, b""), (b"", b".", b"..")):
            put("handshake", bytes([how]) + b"\0".join(values))


def webhook():
    events = [
        {"event": "endpoint.url_validation", "event_ts": 1654503849680,
         "payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"}},
        {"event": "meeting.started", "event_ts": 1626230691572,
         "payload": {"account_id": "AAAAAABBBB", "object": {
             "id": "1234567890", "uuid": "4444AAAiAAAAAiAiAiiAii==",
             "host_id": "x1yCzABCDEfg23HiJKl4mN", "topic": "My \u00dc Meeting",
             "type": 8, "start_time": "2021-07-13T21:44:51Z",
             "timezone": "America/Los_Angeles", "duration": 60}}},
        {"event": "meeting.ended", "event_ts": 1626230691572,
         "payload": {"account_id": "AAAAAABBBB", "object": {
             "id": 1234567890, "uuid": "4444AAAiAAAAAiAiAiiAii==",
             "end_time": "2021-07-13T23:00:51.123+02:00", "type": 2}}},
        {"event": "app_deauthorized", "payload": {
            "user_data_retention": "false", "account_id": "EabCDEFghiLHMA",
            "user_id": "z9jkdsfsdfjhdkfjQ", "client_id": "ADZ9k9bTWmGUoUbECUKU_a",
            "deauthorization_time": "2019-06-17T13:52:28.632Z"}},
        {"event": "recording.completed", "download_token": "eyJ.sig",
         "payload": {"object": {
             "id": 1234567890, "uuid": "4444AAAiAAAAAiAiAiiAii==",
             "start_time": "2021-07-13T21:44:51Z", "password": "a!B2",
             "recording_files": [
                 {"id": "f1", "recording_start": "2021-07-13T21:45:00Z",
                  "file_type": "MP4", "status": "completed",
                  "recording_type": "gallery_view", "file_size": 6442450944,
                  "play_url": "https://zoom.us/rec/play/1",
                  "download_url": "https://zoom.us/rec/download/1"},
                 {"recording_start": "2021-07-13T21:45:00Z",
                  "file_type": "TIMELINE"}]}}},
        {"event": "recording.transcript_completed", "payload": {"object": {
            "id": "1234567890", "uuid": "//4AAAiAAAAAiAiAiiAii==",
            "recording_files": [None, 7, {}, [], {
                "id": None, "status": "processing", "recording_start": "",
                "recording_type": "audio_transcript"}]}}},
    ]
    for event in events:
        body = json.dumps(event, ensure_ascii=False).encode()
        put("webhook", body)
        put("webhook", b"1700000000\nv0=" + b"a" * 64 + b"\n" + body)
    put("webhook", b"[" * 40 + b"]" * 40)
    put("webhook", b'{"event":"\\u0000\\ud83d\\ude00\\ud83d","event":"x"}')
    put("webhook", b'{"event":1e999,"event_ts":-1.5E+3,"payload":null}')
    put("webhook", b'{"event":"a","payload":{"object":{"id":9e15}}}')


def command():
    for text in ("/zoom", "/zoom start", "/zoom start Weekly sync",
                 "/zoom  START \t  T\u00f6pic with \u2026 and \U0001f600",
                 "/zoom connect", "/zoom help me", "zoom\u00a0start x",
                 "/zoom start " + "\u00fc" * 250, "/zoom start a\nb\r\nc"):
        put("command", text.encode())
    put("command", b"/zoom start \xff\xfe\x80\x00 cut \xc3")


def query():
    state = "abcdefghijklmno_" + "u" * 26 + "_" + "c" * 26 + "_true"
    for text in ("", "code=abc", "state=" + state,
                 "code=4%2F0A&state=" + state, "state=a_b&state=" + state,
                 "error=access_denied&state=" + state.replace("true", "false"),
                 "%73tate=%61_b_c_false", "state=%", "state=%4", "state=%zz",
                 "state=a%00_b%0d%0a_c", "state=____", "state", "=&=&&",
                 "secret=a+b%2Bc&code=%ff%fe"):
        put("query", text.encode())


def grant():
    token = {"access_token": "eyJ", "token_type": "bearer",
             "refresh_token": "eyK", "expiry": "2026-10-09T08:53:20.123+02:00",
             "scope": "user:read", "expires_in": 3599}
    user = {"ZoomEmail": "ada@example.com", "ZoomID": "z1", "UserID": "u1",
            "OAuthToken": token}
    never = dict(token, expiry="0001-01-01T00:00:00Z")
    for value in (token, user, never, dict(user, OAuthToken=None), {},
                  dict(user, OAuthToken=[1]), dict(token, expiry="soon")):
        put("grant", b"\x02" + json.dumps(value).encode())
    for first in (1, 5, 9):
        # of the length of an IV and one block, and of nothing
        put("grant", bytes([first]) + b"A" * 42 + b"g==")
        put("grant", bytes([first]) + b"-_-_")
    put("grant", b"\x00\x02" + b"\x00" * 60)
    put("grant", b"\x02\x02" + b"\x00" * 60)
    put("grant", b"\x03 a text to seal")


def zoom():
    user = {"id": "hOsT", "email": "ada@example.com", "type": 2,
            "pmi": 5551234567, "account_id": "acc", "status": "active"}
    meeting = {"uuid": "AbCdEf/12345+ghIJKLmno==", "id": 85550001111,
               "join_url": "https://zoom.us/j/1?pwd=x", "topic": "T"}
    token = {"access_token": "eyJ", "token_type": "bearer", "scope": "a b",
             "refresh_token": "eyK", "expires_in": 3599}
    settings = {"schedule_meeting": {"personal_meeting": False}}
    errors = ({"code": 124, "message": "Invalid access token."},
              {"code": 4711, "message": "Invalid access token, does not "
               "contain scopes:[user:read:user:admin, user:read:admin]."},
              {"code": 300, "message": "Validation Failed.",
               "errors": [{"field": "topic", "message": "t0ken"}]},
              {"reason": "Invalid Token!", "error": "invalid_grant"},
              {"code": 429, "message": "You have exceeded the daily rate"})
    for i, value in enumerate((user, meeting, token, settings) + errors):
        body = json.dumps(value).encode()
        put("zoom", bytes([0]) + body)
        put("zoom", bytes([i % 16]) + body)
        put("zoom", bytes([(i + 8) % 16]) + body)
    put("zoom", b"\x06120")
    put("zoom", b"\x06Sun, 06 Nov 1994 08:49:37 GMT")
    put("zoom", b"\x03<html><body>t0ken</body></html>")


def action():
    whole = {"channel_id": "c" * 26, "root_id": "", "topic": "T",
             "use_pmi": "", "connection_id": "x", "post_id": "p" * 26,
             "context": {"action": "USE PERSONAL MEETING ID",
                         "userID": "u" * 26, "channelID": "c" * 26,
                         "rootID": None, "topic": "\u00dc", "force": True,
                         "use_pmi": "true"}}
    dialog = {"channel_id": "c1", "state": "c1/r1", "cancelled": False,
              "submission": {"preference": "restrict"}}
    for value in (whole, dialog, dict(whole, context=None), {}, [],
                  dict(whole, context={"action": 7}),
                  dict(whole, use_pmi=True, context={}),
                  dict(whole, channel_id="x" * 65, context={}),
                  dict(dialog, state="c2/r"), dict(dialog, submission=[])):
        put("action", json.dumps(value).encode())
    put("action", b'{"context":' * 30)


if __name__ == "__main__":
    shutil.rmtree(CORPUS, ignore_errors=True)
    for make in (gob, rpc, yamux, broker, handshake, webhook, command, query,
                 grant, zoom, action):
        make()
