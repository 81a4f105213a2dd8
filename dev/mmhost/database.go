package mmhost

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// For what no API does or shows: what is stored for a plugin, and states that
// the server's own API makes with a license only.

// Change runs a statement on the server's database behind its back, and has it
// forget what it has cached.
func (h *Host) Change(statement string, args ...any) error {
	db, err := sql.Open("postgres", h.opts.DSN)
	if err != nil {
		return err
	}
	_, err = db.Exec(statement, args...)
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("change the database: %w", err)
	}
	_, err = h.Admin.InvalidateCaches(context.Background())
	return err
}

// PluginValue is what a plugin has stored under a key, "" for nothing.
func (h *Host) PluginValue(id, key string) (string, error) {
	db, err := sql.Open("postgres", h.opts.DSN)
	if err != nil {
		return "", err
	}
	var value []byte
	row := db.QueryRow("SELECT pvalue FROM pluginkeyvaluestore WHERE pluginid = $1 AND pkey = $2", id, key)
	if err = row.Scan(&value); errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return string(value), errors.Join(err, db.Close())
}

// Count is the number that a query answers with.
func (h *Host) Count(query string, args ...any) (int, error) {
	db, err := sql.Open("postgres", h.opts.DSN)
	if err != nil {
		return 0, err
	}
	var n int
	err = db.QueryRow(query, args...).Scan(&n)
	return n, errors.Join(err, db.Close())
}

// PluginKey is a row of a plugin's store.
type PluginKey struct {
	Key     string
	Value   string
	Expires time.Time // zero: never
}

// PluginKeys are a plugin's rows whose key begins with prefix, in order; what
// has expired is there until the server's daily clean-up.
func (h *Host) PluginKeys(id, prefix string) ([]PluginKey, error) {
	db, err := sql.Open("postgres", h.opts.DSN)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.Query("SELECT pkey, pvalue, expireat FROM pluginkeyvaluestore"+
		" WHERE pluginid = $1 AND left(pkey, $2) = $3 ORDER BY pkey", id, len(prefix), prefix)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var keys []PluginKey
	for rows.Next() {
		var key PluginKey
		var value []byte
		var expires int64
		if err := rows.Scan(&key.Key, &value, &expires); err != nil {
			return nil, err
		}
		key.Value = string(value)
		if expires != 0 {
			key.Expires = time.UnixMilli(expires)
		}
		keys = append(keys, key)
	}
	return keys, rows.Err()
}
