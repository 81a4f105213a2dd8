// Package mmhost starts what the plugin runs in: PostgreSQL and the real
// Mattermost server, on the loopback interface, with folders of their own, and
// ends them again without leaving anything behind.
//
//	pg, err := mmhost.StartPostgres("")
//	defer pg.Stop()
//	dsn, err := pg.NewDatabase("")
//	host, err := mmhost.Start(ctx, mmhost.Options{DSN: dsn})
//	defer host.Stop()
//	host.UploadPlugin("dist/zoom-10.0.0.tar.gz")
//	host.ConfigurePlugin("zoom", map[string]any{"ZoomURL": stand.URL()})
//	host.EnablePlugin("zoom")
//
// Mattermost keeps global state, rewrites files of its working directory and
// takes settings from the environment. So Start runs the server in a process of
// its own: the program that imports this package is started a second time, and
// init (server.go) turns that copy into the server before main or any test. Two
// nodes on one database are two calls of Start, and a node can be killed.
//
// Who ends what: the server reads the far end of a pipe that closes when its
// parent ends, however that happens, and then shuts down; the kernel stops
// PostgreSQL when its parent ends; folders left by a parent that was killed are
// removed by the next start.
package mmhost
