package mmhost

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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
