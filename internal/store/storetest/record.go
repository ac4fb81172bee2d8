package storetest

import (
	"bufio"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/alicebob/miniredis/v2"
)

// Recorder is a Redis in this process that notes every command it is sent and every reply, to see what a store asks of its
// server and what it gets to know.
type Recorder struct {
	server   *miniredis.Miniredis
	listener net.Listener

	mu       sync.Mutex
	commands [][]string
	replies  map[net.Conn][]byte // what each client was sent; nil while nobody asks
}

// NewRecorder starts one; its owner must Close it.
func NewRecorder() (*Recorder, error) {
	server, err := miniredis.Run()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // the loopback, at once
	if err != nil {
		server.Close()
		return nil, err
	}
	r := &Recorder{server: server, listener: l}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.relay(c)
		}
	}()
	return r, nil
}

// URL is where it listens.
func (r *Recorder) URL() string { return "redis://" + r.listener.Addr().String() }

// Take returns the commands since the last Take, and forgets them.
func (r *Recorder) Take() [][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.commands
	r.commands = nil
	return taken
}

// Replies returns what clients were sent since the last call, one text per connection, and forgets it. Only from the first call
// on it is noted.
func (r *Recorder) Replies() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out [][]byte
	for _, b := range r.replies {
		out = append(out, b)
	}
	r.replies = map[net.Conn][]byte{}
	return out
}

// answered notes what a client was sent.
type answered struct {
	recorder *Recorder
	client   net.Conn
}

func (a answered) Write(b []byte) (int, error) {
	r := a.recorder
	r.mu.Lock()
	if r.replies != nil {
		r.replies[a.client] = append(r.replies[a.client], b...)
	}
	r.mu.Unlock()
	return a.client.Write(b)
}

// Close ends it.
func (r *Recorder) Close() {
	_ = r.listener.Close()
	r.server.Close()
}

// relay passes bytes on in both directions and reads along what the client sends. Commands are noted before the server
// has them.
func (r *Recorder) relay(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", r.server.Addr()) //nolint:noctx // the loopback, at once
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(answered{r, client}, server)
		_ = client.Close()
	}()
	in := bufio.NewReader(client)
	for {
		words, err := readCommand(in)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.commands = append(r.commands, words)
		r.mu.Unlock()
		if _, err := server.Write(encodeCommand(words)); err != nil {
			return
		}
	}
}

// readCommand reads one array of bulk strings.
func readCommand(in *bufio.Reader) ([]string, error) {
	n, err := readLength(in)
	if err != nil {
		return nil, err
	}
	words := make([]string, n)
	for i := range words {
		size, err := readLength(in)
		if err != nil {
			return nil, err
		}
		buf := make([]byte, size+2)
		if _, err := io.ReadFull(in, buf); err != nil {
			return nil, err
		}
		words[i] = string(buf[:size])
	}
	return words, nil
}

// readLength reads "*3" or "$3" and the end of the line.
func readLength(in *bufio.Reader) (int, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}

func encodeCommand(words []string) []byte {
	b := append([]byte{'*'}, strconv.Itoa(len(words))+"\r\n"...)
	for _, w := range words {
		b = append(b, "$"+strconv.Itoa(len(w))+"\r\n"+w+"\r\n"...)
	}
	return b
}
