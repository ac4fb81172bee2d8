// Command freeport prints a TCP port of the loopback interface that was free a
// moment ago. The kernel picks it from the ephemeral range, far from the ports
// that servers use by default.
package main

import (
	"fmt"
	"net"
	"os"
)

func main() {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		fmt.Fprintln(os.Stderr, "freeport:", err)
		os.Exit(1)
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	l.Close()
}
