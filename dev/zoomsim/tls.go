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

// loopbackNames are the names the server's certificate holds.
var loopbackNames = []string{"localhost", "127.0.0.1", "::1"}

// certificateLife stays below the 398 days that browsers accept.
const certificateLife = 90 * 24 * time.Hour

// identity is a CA of the stand-in's own and the certificate it signed.
type identity struct {
	caPEM []byte
	pool  *x509.CertPool
	leaf  tls.Certificate
}

// newIdentity uses the machine's clock, not the stand-in's: the clients that
// check these certificates know only the real time.
func newIdentity() (identity, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return identity{}, err
	}
	ca, err := certificate("Zoom stand-in CA")
	if err != nil {
		return identity{}, err
	}
	ca.IsCA, ca.BasicConstraintsValid, ca.MaxPathLenZero = true, true, true
	ca.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return identity{}, err
	}
	caCert, err := x509.ParseCertificate(caDER)
	if err != nil {
		return identity{}, err
	}

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return identity{}, err
	}
	leaf, err := certificate("Zoom stand-in")
	if err != nil {
		return identity{}, err
	}
	leaf.BasicConstraintsValid = true
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, name := range loopbackNames {
		if ip := net.ParseIP(name); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, name)
		}
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, caCert, &key.PublicKey, caKey)
	if err != nil {
		return identity{}, err
	}

	pool := x509.NewCertPool()
	pool.AddCert(caCert)
	return identity{
		caPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}),
		pool:  pool,
		leaf:  tls.Certificate{Certificate: [][]byte{leafDER, caDER}, PrivateKey: key},
	}, nil
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
