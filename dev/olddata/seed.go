package olddata

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	_ "github.com/lib/pq" // the driver "postgres"
)

// PluginID is whose rows these are.
const PluginID = "zoom"

// DB is a Mattermost server's own database. The server may run.
type DB struct{ sql *sql.DB }

// Open opens the database with the server's own DSN.
func Open(dsn string) (*DB, error) {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return nil, fmt.Errorf("olddata: %w", err)
	}
	db.SetMaxOpenConns(2) // the server needs most of them
	return &DB{db}, nil
}

// Close closes the connections.
func (d *DB) Close() error { return d.sql.Close() }

// Put stores rows in place of what is there.
func (d *DB) Put(rows ...Row) error {
	const insert = `INSERT INTO PluginKeyValueStore (PluginId, PKey, PValue, ExpireAt) VALUES ($1, $2, $3, $4)
		ON CONFLICT (PluginId, PKey) DO UPDATE SET PValue = $3, ExpireAt = $4`
	for _, row := range rows {
		expires := int64(0)
		if !row.Expires.IsZero() {
			expires = row.Expires.UnixMilli()
		}
		if _, err := d.sql.Exec(insert, PluginID, row.Key, row.Value, expires); err != nil {
			return fmt.Errorf("olddata: put %s: %w", row.Key, err)
		}
	}
	return nil
}

// Rows are all that the plugin has stored, by key.
func (d *DB) Rows() ([]Row, error) {
	found, err := d.sql.Query(`SELECT PKey, PValue, COALESCE(ExpireAt, 0) FROM PluginKeyValueStore
		WHERE PluginId = $1 ORDER BY PKey`, PluginID)
	if err != nil {
		return nil, fmt.Errorf("olddata: %w", err)
	}
	defer found.Close()
	var rows []Row
	for found.Next() {
		var row Row
		var expires int64
		if err := found.Scan(&row.Key, &row.Value, &expires); err != nil {
			return nil, fmt.Errorf("olddata: %w", err)
		}
		if expires != 0 {
			row.Expires = time.UnixMilli(expires)
		}
		rows = append(rows, row)
	}
	return rows, found.Err()
}

// Get is one value; nil when it is not there.
func (d *DB) Get(key string) ([]byte, error) {
	rows, err := d.Rows()
	for _, row := range rows {
		if row.Key == key {
			return row.Value, nil
		}
	}
	return nil, err
}

// Delete removes a value.
func (d *DB) Delete(key string) error {
	if _, err := d.sql.Exec(`DELETE FROM PluginKeyValueStore WHERE PluginId = $1 AND PKey = $2`, PluginID, key); err != nil {
		return fmt.Errorf("olddata: delete %s: %w", key, err)
	}
	return nil
}

// PutPreference stores a user's choice where older installations have it.
func (d *DB) PutPreference(userID, value string) error {
	_, err := d.sql.Exec(`INSERT INTO Preferences (UserId, Category, Name, Value) VALUES ($1, $2, $3, $4)
		ON CONFLICT (UserId, Category, Name) DO UPDATE SET Value = $4`,
		userID, PreferenceCategory, PreferenceName, value)
	if err != nil {
		return fmt.Errorf("olddata: put preference: %w", err)
	}
	return nil
}

// Preference is that choice; empty when it is not there.
func (d *DB) Preference(userID string) (value string, err error) {
	err = d.sql.QueryRow(`SELECT Value FROM Preferences WHERE UserId = $1 AND Category = $2 AND Name = $3`,
		userID, PreferenceCategory, PreferenceName).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, err
}
