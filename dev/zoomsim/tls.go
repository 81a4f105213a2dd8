package zoomsim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log"
	"math/big"
	"net"
	"strings"
	"time"
)

// loopbackNames are names that the server's certificate always holds.
var loopbackNames = []string{"localhost", "127.0.0.1", "::1"}

// certificateLife stays below the 398 days that browsers accept.
const certificateLife = 90 * 24 * time.Hour

// identity is a CA of the stand-in's own and the certificates it signed.
type identity struct {
	caPEM  []byte
	pool   *x509.CertPool
	leaves map[Certificate]tls.Certificate
}

// Certificate is which one the stand-in shows.
type Certificate int

const (
	CertRight Certificate = iota
	CertExpired
	CertOtherName // for another host
	CertUnknownCA // signed by a CA that CAPEM is not of
	CertExpiredCA // signed by one that is in CAPEM and has expired
)

// authority can sign.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newIdentity uses the machine's clock, not the stand-in's: the clients that
// check these certificates know only the real time.
func newIdentity(own []string) (identity, error) {
	ca, err := newAuthority("Zoom stand-in CA", certificateLife)
	if err != nil {
		return identity{}, err
	}
	unknown, err := newAuthority("Unknown CA", certificateLife)
	if err != nil {
		return identity{}, err
	}
	expired, err := newAuthority("Expired CA", -time.Minute)
	if err != nil {
		return identity{}, err
	}
	id := identity{
		caPEM:  append(ca.pem(), expired.pem()...),
		pool:   x509.NewCertPool(),
		leaves: map[Certificate]tls.Certificate{},
	}
	id.pool.AddCert(ca.cert)
	for _, kind := range []struct {
		which Certificate
		by    authority
		names []string
		end   time.Duration // from now
	}{
		{CertRight, ca, own, certificateLife},
		{CertExpired, ca, own, -time.Minute},
		{CertOtherName, ca, []string{"other.example.com"}, certificateLife},
		{CertUnknownCA, unknown, own, certificateLife},
		{CertExpiredCA, expired, own, certificateLife},
	} {
		if id.leaves[kind.which], err = kind.by.sign(kind.names, kind.end); err != nil {
			return identity{}, err
		}
	}
	return id, nil
}

// newAuthority is one that ends so long from now.
func newAuthority(name string, end time.Duration) (authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, err
	}
	ca, err := certificate(name)
	if err != nil {
		return authority{}, err
	}
	ca.NotAfter = time.Now().Add(end)
	ca.IsCA, ca.BasicConstraintsValid, ca.MaxPathLenZero = true, true, true
	ca.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		return authority{}, err
	}
	cert, err := x509.ParseCertificate(der)
	return authority{cert, key}, err
}

func (a authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// sign makes a server's certificate that ends so long from now.
func (a authority) sign(names []string, end time.Duration) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := certificate("Zoom stand-in")
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf.NotAfter = time.Now().Add(end)
	leaf.BasicConstraintsValid = true
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.cert, &key.PublicKey, a.key)
	return tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key}, err
}

// SetCertificate changes what new connections are shown; those that are idle
// are closed, and no session of theirs is resumed.
func (s *Sim) SetCertificate(which Certificate) {
	s.mu.Lock()
	s.shown = which
	s.mu.Unlock()
	s.server.SetKeepAlivesEnabled(false)
	s.server.SetKeepAlivesEnabled(true)
}

func (s *Sim) tlsConfig() *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{s.tls.leaves[CertRight]}, MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.shown == CertRight {
				return nil, nil // the one above
			}
			return &tls.Config{
				Certificates: []tls.Certificate{s.tls.leaves[s.shown]}, MinVersion: tls.VersionTLS12,
				SessionTicketsDisabled: true,
			}, nil
		},
	}
}

func certificate(name string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(certificateLife),
	}, nil
}

// logWriter gives net/http's own complaints (refused handshakes) to logf.
func logWriter(logf func(string, ...any)) *log.Logger {
	return log.New(lineWriter(logf), "", 0)
}

type lineWriter func(string, ...any)

func (w lineWriter) Write(line []byte) (int, error) {
	w("%s", strings.TrimRight(string(line), "\n"))
	return len(line), nil
}
