package olddata

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
)

// ErrCipher says that a text was not encrypted with this key.
var ErrCipher = errors.New("olddata: not encrypted with this key")

// Encrypt is AES-CFB with the key's own 16, 24 or 32 bytes: 16 random bytes in
// front, the text padded to whole blocks, base64 for URLs.
func Encrypt(key, text string) (string, error) {
	iv := make([]byte, aes.BlockSize)
	rand.Read(iv)
	return encrypt(key, text, iv)
}

func encrypt(key, text string, iv []byte) (string, error) {
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		return "", fmt.Errorf("olddata: %w", err)
	}
	missing := aes.BlockSize - len(text)%aes.BlockSize
	padded := append([]byte(text), bytes.Repeat([]byte{byte(missing)}, missing)...)
	cipher.NewCFBEncrypter(block, iv).XORKeyStream(padded, padded)
	return base64.URLEncoding.EncodeToString(append(bytes.Clone(iv), padded...)), nil
}

// Decrypt undoes Encrypt. Only the padding tells a wrong key.
func Decrypt(key, sealed string) (string, error) {
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		return "", fmt.Errorf("olddata: %w", err)
	}
	raw, err := base64.URLEncoding.DecodeString(sealed)
	if err != nil || len(raw) < 2*aes.BlockSize || len(raw)%aes.BlockSize != 0 {
		return "", ErrCipher
	}
	text := raw[aes.BlockSize:]
	cipher.NewCFBDecrypter(block, raw[:aes.BlockSize]).XORKeyStream(text, text)
	padding := int(text[len(text)-1])
	if padding == 0 || padding > aes.BlockSize {
		return "", ErrCipher
	}
	return string(text[:len(text)-padding]), nil
}
