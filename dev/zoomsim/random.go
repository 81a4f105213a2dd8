package zoomsim

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"
)

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// Tokens have 700 to 1500 characters, so that buffers and stored values meet
// their limits (FACTS 1.2).
const (
	tokenMin = 700
	tokenMax = 1500
)

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}

func randomInt(n int64) int64 {
	v, err := rand.Int(rand.Reader, big.NewInt(n))
	if err != nil {
		panic(err) // documented as impossible with crypto/rand.Reader
	}
	return v.Int64()
}

func randomText(n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(alphanumeric[randomInt(int64(len(alphanumeric)))])
	}
	return b.String()
}

// newUserID gives 22 characters of base64url, which may start with - or _
// (FACTS 2).
func newUserID() string { return base64.RawURLEncoding.EncodeToString(randomBytes(16)) }

// newUUID gives 24 characters of standard base64 ending in "==", which may
// hold / and + (FACTS 2).
func newUUID() string { return base64.StdEncoding.EncodeToString(randomBytes(16)) }

// newMeetingID gives 11 digits, above 2^32 (FACTS 2, 8.5).
func newMeetingID() int64 { return 80_000_000_000 + randomInt(10_000_000_000) }

// newTrackingID has the form seen on every answer (FACTS 2).
func newTrackingID() string {
	return "v=2.0;clid=us02;rid=WEB_" + hex.EncodeToString(randomBytes(16))
}

// TokenStart is how all tokens begin, access, refresh and download: they are JWTs.
// Less of it also begins one of some hundred thousand random UUIDs.
const TokenStart = "eyJhbGci"

// newToken makes a JWT in the shape of Zoom's samples (FACTS 1.2). The
// stand-in itself never reads it: it looks tokens up.
func (s *Sim) newToken(kind, userID string, expires time.Time) string {
	now := s.now()
	claims := map[string]any{
		"ver": 10, "aud": "https://oauth.zoom.us", "iss": "zm:cid:" + s.app.ClientID, "clientId": s.app.ClientID,
		"userId": userID, "type": kind, "groupNumber": 0,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": expires.Unix(),
		"jti": hex.EncodeToString(randomBytes(16)), "code": "",
	}
	want := tokenMin + int(randomInt(tokenMax-tokenMin-16))
	bare := len(s.signJWT(claims))
	if want > bare {
		claims["code"] = randomText((want - bare) * 3 / 4)
	}
	return s.signJWT(claims)
}

func (s *Sim) signJWT(claims map[string]any) string {
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			panic(err) // strings and numbers only
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	text := part(map[string]string{"alg": "HS512", "v": "2.0", "kid": "a1b2c3d4-sim"}) + "." + part(claims)
	mac := hmac.New(sha512.New, s.jwtKey)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// newInstanceID is a random UUID in the common text form.
func newInstanceID() string {
	b := randomBytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func newHexDigest() string { return hex.EncodeToString(randomBytes(32)) }
