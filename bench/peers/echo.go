// Go, without socket options: `echo once|stream PORT [cork|CERT KEY]`.
// `cork` sends the echo and the FIN in one segment.
package main

import (
	"crypto/tls"
	"net"
	"os"
	"syscall"
)

func cork(c net.Conn) {
	if raw, err := c.(*net.TCPConn).SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) {
			syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_CORK, 1)
		})
	}
}

func handle(c net.Conn, once bool) {
	defer c.Close()
	buffer := make([]byte, 64*1024)
	for {
		n, err := c.Read(buffer)
		if err != nil {
			return
		}
		if _, err := c.Write(buffer[:n]); err != nil || once {
			return
		}
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[2])
	if err == nil && len(os.Args) == 5 {
		var pair tls.Certificate
		pair, err = tls.LoadX509KeyPair(os.Args[3], os.Args[4])
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}})
	}
	if err != nil {
		panic(err)
	}
	for {
		c, err := listener.Accept()
		if err != nil {
			continue
		}
		if len(os.Args) == 4 {
			cork(c)
		}
		go handle(c, os.Args[1] == "once")
	}
}
