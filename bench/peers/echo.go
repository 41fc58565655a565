// Go, without socket options: `echo once|stream PORT`.
package main

import (
	"net"
	"os"
)

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
	if err != nil {
		panic(err)
	}
	for {
		if c, err := listener.Accept(); err == nil {
			go handle(c, os.Args[1] == "once")
		}
	}
}
